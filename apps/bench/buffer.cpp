#include "apps/bench/buffer.hpp"

#include <pliant/pliant.h>

#include <array>
#include <string_view>

#include "apps/support/check.hpp"

// An extension that some MPI libraries have; its address is null if it is missing.
extern "C" [[gnu::weak]] int MPIX_Query_cuda_support();

namespace pliant::bench {

Buffer::Buffer(Accelerator* accelerator, std::int64_t bytes) : contents_(static_cast<std::size_t>(bytes)) {
  if (accelerator != nullptr) on_device_.emplace(*accelerator, bytes);
}

void* Buffer::data() {
  return on_device_ ? on_device_->data() : contents_.data();
}

void Buffer::put() {
  if (on_device_) on_device_->put(contents_.data());
}

void Buffer::get() {
  if (on_device_) on_device_->get(contents_.data());
}

bool mpi_takes_device_memory() {
  int settings = 0;
  apps::check(Pliant_Setting_get_num(&settings));
  for (int i = 0; i < settings; ++i) {
    Pliant_Setting setting{};
    apps::check(Pliant_Setting_get_info(i, &setting));
    if (std::string_view(setting.environment) != "PLIANT_CUDA_AWARE") continue;
    std::array<char, 16> value{};
    const char* source = nullptr;
    apps::check(Pliant_Setting_get_value(i, value.data(), static_cast<int>(value.size()), &source));
    if (std::string_view(value.data()) != "auto") return std::string_view(value.data()) == "1";
  }
  return MPIX_Query_cuda_support != nullptr && MPIX_Query_cuda_support() != 0;
}

}  // namespace pliant::bench

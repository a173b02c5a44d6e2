#include "apps/bench/kernels/accelerator.hpp"

#include "core/error.hpp"

namespace pliant::bench {
namespace {

[[noreturn]] void refuse(const std::string& problem) {
  throw Error(ErrorClass::other, problem, "--device cuda runs on a GPU, by a library built with CUDA",
              "Run where nvidia-smi lists one, or use --device host");
}

const cuda::Calls& cuda_calls() {
  const cuda::Calls* const calls = cuda::calls();
  if (calls == nullptr) refuse("no CUDA in this build");
  return *calls;
}

}  // namespace

Accelerator::Accelerator(int local_rank) {
  const cuda::Calls& calls = cuda_calls();
  if (const int code = calls.get_device_count(&devices_); code != 0)
    refuse(std::string("cudaGetDeviceCount: ") + calls.get_error_string(code));
  if (devices_ == 0) refuse("cudaGetDeviceCount: no device");
  const int number = local_rank % devices_;
  if (const int code = calls.set_device(number); code != 0)
    refuse("cudaSetDevice(" + std::to_string(number) + "): " + calls.get_error_string(code));
  device_ = std::make_unique<cuda::Device>(calls, number, waiting_work_);
  finish();
}

std::string Accelerator::name() const {
  const int version = device_->calls().runtime_version;
  return "device " + std::to_string(device_->number()) + " of " + std::to_string(devices_) + ", CUDA " +
         std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

void Accelerator::finish() {
  if (!device_->wait(device_->work()))
    throw Error(ErrorClass::other, device_->failure(), "a benchmark ends with the first failure",
                "Look there; compute-sanitizer tells more");
}

DeviceBuffer::DeviceBuffer(Accelerator& accelerator, std::int64_t bytes)
    : accelerator_(accelerator), room_(accelerator.device()), bytes_(bytes) {
  if (room_.of(bytes) != nullptr) return;
  accelerator.finish();
  throw Error(ErrorClass::other, "no room for " + std::to_string(bytes) + " bytes on the device",
              "messages are in its memory", "Pass a smaller --maxbytes");
}

void DeviceBuffer::put(const void* from) {
  accelerator_.device().copy(data(), from, bytes_, accelerator_.device().work());
  accelerator_.finish();
}

void DeviceBuffer::get(void* to) {
  accelerator_.device().copy(to, data(), bytes_, accelerator_.device().work());
  accelerator_.finish();
}

PinnedCopies::PinnedCopies(Accelerator& accelerator, std::int64_t bytes)
    : accelerator_(accelerator),
      send_room_(accelerator.device()),
      recv_room_(accelerator.device()),
      bytes_(bytes),
      send_(send_room_.of(bytes)),
      recv_(recv_room_.of(bytes)) {}

void PinnedCopies::bring(const void* from_device) {
  accelerator_.device().copy(send_, from_device, bytes_, accelerator_.device().work());
  accelerator_.finish();
}

void PinnedCopies::take_back(void* to_device) {
  accelerator_.device().copy(to_device, recv_, bytes_, accelerator_.device().work());
  accelerator_.finish();
}

}  // namespace pliant::bench

// Runs kernels on the SIMT executor for launch_kernel.
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "device_double.hpp"
#include "kernels/cuda/kernel_functions.cuh"
#include "tests/support/simt/executor.hpp"

namespace pliant::test {
namespace {

using cuda::Kernel;
using Bytes = std::vector<std::byte>;

struct Launchable {
  std::size_t argument_bytes = 0;
  std::function<simt::Report(const simt::Launch&, const Bytes&)> run;
};

template <class Arguments>
Launchable launchable(void (*kernel)(Arguments)) {
  return {sizeof(Arguments), [kernel](const simt::Launch& launch, const Bytes& bytes) {
            Arguments arguments;
            std::memcpy(&arguments, bytes.data(), sizeof arguments);
            return simt::run(launch, [kernel, arguments] { kernel(arguments); });
          }};
}

[[noreturn]] void end(const std::string& text) {
  std::fprintf(stderr, "device double: %s\n", text.c_str());
  std::abort();
}

using Table = std::array<Launchable, static_cast<std::size_t>(Kernel::kernels)>;

const Table& table() {
  static const Table made = [] {
    Table kernels;
    cuda::for_each_kernel([&](Kernel kernel, auto* function) {
      kernels[static_cast<std::size_t>(kernel)] = launchable(function);
    });
    for (std::size_t i = 0; i < kernels.size(); ++i)
      if (!kernels[i].run) end("for_each_kernel leaves out kernel " + std::to_string(i));
    return kernels;
  }();
  return made;
}

/// Linux on 64 bits puts stacks, heaps and mappings above this address, also with the address sanitizer,
/// whose shadow lies below. Two adjacent 32-bit numbers rarely look like such an address.
constexpr std::uintptr_t kLowestHostMemory = 0x5000'0000'0000;

/// Whether there is memory at this address. A number that only looks like a pointer has none.
bool mapped(std::uintptr_t address) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  return msync(reinterpret_cast<void*>(address / page * page), 1, MS_ASYNC) == 0;
}

void run(DeviceDouble& device, const simt::Launch& launch, Kernel kernel, const Bytes& arguments, int on) {
  if (const int fault = device.argument_fault(arguments, on); fault != 0) return device.break_device(fault);
  if (device.observer()) device.observer()(kernel, arguments.data());
  device.memory().open_device(on);
  const simt::Report report = table()[static_cast<std::size_t>(kernel)].run(launch, arguments);
  device.memory().close_device(on);
  const std::string damage = report.ok ? device.memory().damage() : report.text;
  if (!damage.empty()) end("kernel " + std::to_string(static_cast<int>(kernel)) + ": " + damage);
}

}  // namespace

/// A GPU faults on a pointer to pageable memory or to another device's memory. The arguments do not say which
/// of their words are pointers, so every word that is the address of memory counts.
int DeviceDouble::argument_fault(const Bytes& arguments, int device) {
  for (std::size_t at = 0; at + sizeof(std::uintptr_t) <= arguments.size(); at += sizeof(std::uintptr_t)) {
    std::uintptr_t word = 0;
    std::memcpy(&word, &arguments[at], sizeof word);
    const Allocation* found = memory_.find(reinterpret_cast<void*>(word));
    const bool foreign =
        found != nullptr && found->kind == cuda::MemoryKind::device && found->device != device;
    if (foreign || (found == nullptr && word >= kLowestHostMemory && mapped(word) &&
                    memory_.find(reinterpret_cast<void*>(word - 1)) == nullptr))
      return kIllegalAddress;
  }
  return 0;
}

int DeviceDouble::launch(Kernel kernel, unsigned blocks, const void* arguments, cuda::Stream handle) {
  const auto on = stream(handle);
  const auto number = static_cast<std::size_t>(kernel);
  if (on == nullptr || on->device != current_device()) return kInvalidHandle;
  if (number >= table().size()) end("there is no kernel " + std::to_string(number));
  if (blocks == 0) return kInvalidConfiguration;
  const auto* bytes = static_cast<const std::byte*>(arguments);
  ++launches_[kernel];
  simt::Launch launch{.blocks = blocks, .threads = cuda::kBlockThreads, .resident = options_.resident_blocks};
  launch.order =
      options_.schedule.kind == Schedule::Kind::random ? simt::Order::random : simt::Order::in_order;
  launch.seed = options_.schedule.seed + static_cast<std::uint64_t>(++counters_.launches);
  enqueue(on, "kernel " + std::to_string(number),
          [this, launch, kernel, device = on->device,
           copy = Bytes(bytes, bytes + table()[number].argument_bytes)] {
            run(*this, launch, kernel, copy, device);
          });
  return sticky_;
}

}  // namespace pliant::test

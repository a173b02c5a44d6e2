#include "tests/cuda/executed_device.hpp"

#include <cstring>

#include "kernels/cuda/kernel_functions.cuh"
#include "tests/cuda/tally.hpp"

namespace pliant::test {
namespace {

template <class Arguments>
int execute(Device& device, cuda::Kernel name, void (*kernel)(Arguments), const void* bytes,
            unsigned blocks) {
  if (!device.trouble.empty()) return kLaunchFailed;
  Arguments arguments;
  std::memcpy(&arguments, bytes, sizeof arguments);
  const Schedule& schedule = device.schedule;
  const simt::Report report = simt::run(
      {.blocks = blocks, .order = schedule.order, .seed = schedule.seed + 1000 * device.launches[0]},
      [kernel, &arguments] { kernel(arguments); });
  ++device.launches[static_cast<std::size_t>(name)];
  tally().count(name, schedule, blocks);
  if (report.ok) return 0;
  device.trouble = "kernel " + std::to_string(static_cast<unsigned>(name)) + ": " + report.text;
  return kLaunchFailed;
}

int launch_kernel(cuda::Kernel wanted, unsigned blocks, const void* arguments, cuda::Stream stream) {
  int code = kLaunchFailed;
  cuda::for_each_kernel([&](cuda::Kernel name, auto* kernel) {
    if (name == wanted) code = execute(*static_cast<Device*>(stream), name, kernel, arguments, blocks);
  });
  return code;
}

int memset_async(void* memory, int byte, std::size_t bytes, cuda::Stream) {
  std::memset(memory, byte, bytes);
  return 0;
}

constexpr cuda::Calls made_calls() {
  cuda::Calls calls{};
  calls.memset_async = memset_async;
  calls.launch_kernel = launch_kernel;
  return calls;
}

constexpr cuda::Calls kCalls = made_calls();

}  // namespace

cuda::Launcher Device::launcher() const {
  cuda::Launcher launcher{&kCalls, {}};
  launcher.resident.fill(schedule.blocks);
  return launcher;
}

void Device::next_schedule() {
  schedule = kSchedules[turn_ % kSchedules.size()];
  schedule.seed += turn_++;
}

Tally& tally() {
  static Tally all;
  return all;
}

}  // namespace pliant::test

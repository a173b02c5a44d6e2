// executed_device.hpp on a real GPU, for the unchanged kernel tests. Each launch is waited for. Without a GPU
// the program exits with status 77, or with 1 if PLIANT_NEED_GPU is 1.
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "kernels/cuda/launch.hpp"
#include "tests/cuda/executed_device.hpp"
#include "tests/cuda/gpu_memory.hpp"
#include "tests/cuda/tally.hpp"

namespace pliant::test {
namespace {

constexpr int kSkipped = 77;

/// Blocks that fit on the GPU at once; 0 if CUDA cannot tell, which the first launch then reports.
unsigned held_at_once(cuda::Kernel kernel) {
  int multiprocessors = 0;
  int blocks = 0;
  cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, 0);
  cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, cuda::device_function(kernel),
                                                static_cast<int>(cuda::kBlockThreads), 0);
  return static_cast<unsigned>(multiprocessors * blocks);
}

int launch_kernel(cuda::Kernel kernel, unsigned blocks, const void* arguments, cuda::Stream stream) {
  Device& device = *static_cast<Device*>(stream);
  if (!device.trouble.empty()) return kLaunchFailed;
  std::array<void*, 1> parameters = {const_cast<void*>(arguments)};
  cudaError_t code = cudaLaunchKernel(cuda::device_function(kernel), dim3(blocks), dim3(cuda::kBlockThreads),
                                      parameters.data(), 0, nullptr);
  if (code == cudaSuccess) code = cudaDeviceSynchronize();
  ++device.launches[static_cast<std::size_t>(kernel)];
  tally().count(kernel, device.schedule, blocks);
  if (code == cudaSuccess) return 0;
  device.trouble =
      "kernel " + std::to_string(static_cast<unsigned>(kernel)) + ": " + cudaGetErrorString(code);
  return kLaunchFailed;
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

/// Every other grid is as large as fits on the GPU. The others follow the schedule.
cuda::Launcher Device::launcher() const {
  cuda::Launcher launcher{&kCalls, {}};
  for (std::size_t i = 0; i < cuda::kKernels; ++i)
    launcher.resident[i] =
        schedule.seed % 2 == 0 ? held_at_once(static_cast<cuda::Kernel>(i)) : schedule.blocks;
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

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (const int code = pliant::test::use_gpu_memory(); code != 0) {
    const char* const needed = std::getenv("PLIANT_NEED_GPU");
    const bool fails = needed != nullptr && std::string_view(needed) == "1";
    std::printf("%s: no GPU: %s\n", fails ? "failed (PLIANT_NEED_GPU = 1)" : "skipped",
                cudaGetErrorString(static_cast<cudaError_t>(code)));
    return fails ? 1 : pliant::test::kSkipped;
  }
  const int status = RUN_ALL_TESTS();
  std::fflush(stdout);
  std::_Exit(status);  // what is given back after this would be after CUDA's end
}

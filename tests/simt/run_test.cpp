// Grids, blocks and threads: each thread runs once, and an error ends only its launch.
#include <gpu/language.hpp>

#include <stdexcept>
#include <vector>

#include "support.hpp"

namespace pliant {
namespace {

PLIANT_KERNEL void count_threads(std::uint32_t* runs) {
  runs[gpu::block() * gpu::threads() + gpu::thread()] += gpu::blocks();
}

void expect_all_run(const simt::Launch& launch) {
  std::vector<std::uint32_t> runs(std::size_t{launch.blocks} * launch.threads, 0);
  const simt::Report report = simt::run(launch, [&] { count_threads(runs.data()); });
  EXPECT_TRUE(report.ok) << report.text;
  EXPECT_EQ(runs, std::vector<std::uint32_t>(runs.size(), launch.blocks));
}

TEST(Run, EveryThreadOfAGridRunsOnce) {
  for (const unsigned threads : {1U, 31U, 256U, 1024U}) {
    for (const unsigned resident : {1U, 3U, 16U}) {
      for_each_schedule({.blocks = 7, .threads = threads, .resident = resident}, 2, expect_all_run);
    }
  }
}

TEST(Run, ImpossibleLaunchesAreErrors) {
  const auto nothing = [] {};
  expect_error({.blocks = 0}, nothing, "at least one block");
  expect_error({.resident = 0}, nothing, "at least one block");
  expect_error({.threads = 0}, nothing, "0 threads");
  expect_error({.threads = 1025}, nothing, "1025 threads");
  expect_error({.stack_bytes = 100}, nothing, "4096 bytes");
}

TEST(Run, KernelsLaunchNoKernels) {
  expect_error(
      {}, [] { static_cast<void>(simt::run({}, [] {})); }, "a kernel launches a kernel");
}

TEST(Run, AnExceptionEndsTheLaunch) {
  const auto kernel = [] {
    if (gpu::thread() == 77) throw std::runtime_error("seventy-seven");
    gpu::barrier();
  };
  expect_error({}, kernel, "block 0, thread 77: an exception left the kernel: seventy-seven");
}

[[gnu::noinline]] unsigned descend(unsigned levels) {
  std::array<volatile unsigned, 64> frame{};
  frame[0] = levels;
  return levels == 0 ? 0 : descend(levels - 1) + frame[0];
}

TEST(Run, StackOverflowIsToldOf) {
  const auto kernel = [] {
    if (gpu::thread() == 3 && descend(100000) == 0) throw std::runtime_error("unreachable");
  };
  expect_error({}, kernel, "block 0, thread 3: stack overflow (32768 bytes");
  expect_fine({.stack_bytes = 64 * 1024}, [] { EXPECT_EQ(descend(100), 5050U); });
}

TEST(Run, AnAddressWithoutMemoryIsToldOf) {
  const auto kernel = [] {
    if (gpu::thread() == 9) *reinterpret_cast<volatile unsigned*>(std::uintptr_t{4096}) = 1;
  };
  expect_error({}, kernel, "thread 9: there is no memory at 0x1000");
}

TEST(Run, AfterAnErrorTheNextLaunchIsFine) {
  for (int round = 0; round < 3; ++round) {
    const simt::Report report = simt::run({.blocks = 3}, [] {
      gpu::ballot(gpu::kAllLanes, true);
      if (gpu::thread() != 200) gpu::barrier();
    });
    EXPECT_FALSE(report.ok);
    expect_all_run({.blocks = 5});
  }
}

TEST(Run, CountsWhatHappened) {
  std::uint32_t sum = 0;
  const simt::Report report = simt::run({.blocks = 2}, [&] {
    gpu::barrier();
    gpu::warp_barrier(gpu::kAllLanes);
    gpu::atomic_add(&sum, 1U);
    gpu::barrier();
  });
  EXPECT_TRUE(report.ok) << report.text;
  EXPECT_EQ(report.barriers, 4U);
  EXPECT_EQ(report.collectives, 16U);
  EXPECT_EQ(report.atomics, 512U);
  EXPECT_EQ(sum, 512U);
  EXPECT_GE(report.switches, 3 * 500U);
}

}  // namespace
}  // namespace pliant

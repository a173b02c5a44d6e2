// A device simulated by this process: its memory is the host's, and a launch runs the kernel on the SIMT
// executor before it returns. A stream's handle is its Device.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "kernels/cuda/device_topk.hpp"
#include "tests/support/simt/executor.hpp"

namespace pliant::test {

/// The order of threads, and the number of resident blocks.
struct Schedule {
  simt::Order order = simt::Order::in_order;
  unsigned blocks = 3;
  std::uint64_t seed = 1;
};

/// The schedules that tests use in turn.
inline constexpr std::array kSchedules = {
    Schedule{simt::Order::in_order, 1, 0}, Schedule{simt::Order::random, 3, 1},
    Schedule{simt::Order::reversed, 8, 0}, Schedule{simt::Order::random, 8, 2},
    Schedule{simt::Order::in_order, 3, 0}, Schedule{simt::Order::random, 2, 3},
    Schedule{simt::Order::reversed, 3, 0}, Schedule{simt::Order::random, 5, 4}};

struct Device {
  Schedule schedule;
  std::string trouble;  ///< the executor's first report; launches after it fail
  std::array<std::uint64_t, cuda::kKernels> launches{};

  cuda::Stream stream() { return this; }
  cuda::Launcher launcher() const;
  /// Uses another schedule from now on.
  void next_schedule();

 private:
  std::uint64_t turn_ = 0;
};

/// The code of a launch that the executor rejected.
inline constexpr int kLaunchFailed = 719;

}  // namespace pliant::test

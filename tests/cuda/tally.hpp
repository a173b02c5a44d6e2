// Counts the executed launches over a whole run of the tests, and prints them at the end.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>

#include "tests/cuda/executed_device.hpp"

namespace pliant::test {

struct Tally {
  std::array<std::uint64_t, cuda::kKernels> launches{};
  std::array<std::uint64_t, 3> orders{};  ///< launches under each simt::Order
  std::set<std::string> inputs;
  std::set<unsigned> blocks;
  std::uint64_t problems = 0;

  void count(cuda::Kernel kernel, const Schedule& schedule, unsigned grid) {
    ++launches[static_cast<std::size_t>(kernel)];
    ++orders[static_cast<std::size_t>(schedule.order)];
    blocks.insert(grid);
  }
};
Tally& tally();

}  // namespace pliant::test

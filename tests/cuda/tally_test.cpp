// Prints the number of executed launches after all tests.
#include "tests/cuda/tally.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <numeric>

namespace pliant {
namespace {

class PrintTally : public testing::Environment {
 public:
  void TearDown() override {
    const test::Tally& all = test::tally();
    const auto launched =
        std::count_if(all.launches.begin(), all.launches.end(), [](auto n) { return n > 0; });
    if (all.blocks.empty()) return;
    std::cout << "executed: " << std::accumulate(all.launches.begin(), all.launches.end(), std::uint64_t{0})
              << " launches of " << launched << " of " << cuda::kKernels << " kernels; " << all.problems
              << " problems, " << all.inputs.size() << " inputs of selections; grids of "
              << *all.blocks.begin() << " to " << *all.blocks.rbegin() << " blocks; orders: " << all.orders[0]
              << " in order, " << all.orders[1] << " reversed, " << all.orders[2] << " random\n";
    if (testing::GTEST_FLAG(filter) != "*") return;
    EXPECT_EQ(static_cast<std::size_t>(launched), cuda::kKernels);
  }
};

const testing::Environment* const kPrint = testing::AddGlobalTestEnvironment(new PrintTally);

}  // namespace
}  // namespace pliant

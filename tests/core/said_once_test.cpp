#include "core/said_once.hpp"

#include <gtest/gtest.h>

namespace {

using pliant::SaidOnce;

TEST(SaidOnce, SaysEachKeyOnce) {
  SaidOnce said;
  EXPECT_TRUE(said.is_first("conv1: nonfinite"));
  EXPECT_TRUE(said.is_first("conv2: nonfinite"));
  EXPECT_FALSE(said.is_first("conv1: nonfinite"));
  EXPECT_FALSE(said.is_first("conv2: nonfinite"));
}

TEST(SaidOnce, IsBounded) {
  SaidOnce said;
  std::size_t first = 0;
  for (std::size_t i = 0; i < 3 * SaidOnce::kMost; ++i) first += said.is_first(std::to_string(i)) ? 1 : 0;
  EXPECT_EQ(first, SaidOnce::kMost);
}

}  // namespace

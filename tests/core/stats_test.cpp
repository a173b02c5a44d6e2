// Quantiles against values worked out by hand (type 7: position q (n - 1)).
#include "core/stats.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace pliant {
namespace {

TEST(Stats, InterpolatesBetweenNeighbours) {
  const std::vector<double> sample = {40, 10, 30, 20};
  EXPECT_DOUBLE_EQ(quantile(sample, 0), 10);
  EXPECT_DOUBLE_EQ(quantile(sample, 1), 40);
  EXPECT_DOUBLE_EQ(quantile(sample, 0.5), 25);
  EXPECT_DOUBLE_EQ(quantile(sample, 0.25), 17.5);
  EXPECT_DOUBLE_EQ(quantile(sample, 0.9), 37);
}

TEST(Stats, MedianOfOddEvenAndOne) {
  EXPECT_DOUBLE_EQ(median({3, 1, 2}), 2);
  EXPECT_DOUBLE_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_DOUBLE_EQ(median({-7}), -7);
}

TEST(Stats, EmptySampleHasNoQuantile) {
  EXPECT_TRUE(std::isnan(quantile({}, 0.5)));
  EXPECT_TRUE(std::isnan(median({})));
}

}  // namespace
}  // namespace pliant

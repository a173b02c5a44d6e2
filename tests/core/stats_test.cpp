// Quantiles against values worked out by hand (type 7: position q (n - 1)).
#include "core/stats.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <span>
#include <vector>

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

TEST(Stats, LowerMedianIsOneOfTheSample) {
  std::vector<double> two = {9, 2};
  EXPECT_EQ(lower_median(std::span(two)), 2);
  std::vector<float> three = {9, 2, 5};
  EXPECT_EQ(lower_median(std::span(three)), 5);
  std::vector<int> four = {7, 1, 9, 3};
  EXPECT_EQ(lower_median(std::span(four)), 3);
}

TEST(Stats, EmptySampleHasNoQuantile) {
  EXPECT_TRUE(std::isnan(quantile({}, 0.5)));
  EXPECT_TRUE(std::isnan(median({})));
}

}  // namespace
}  // namespace pliant

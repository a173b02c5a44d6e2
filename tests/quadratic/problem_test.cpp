#include "apps/research/quadratic/problem.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace pliant::quadratic {
namespace {

TEST(Problem, LayersShareTheDimension) {
  for (const int layers : {1, 2, 5, 40}) {
    const Problem problem({.dimension = 40, .layers = layers, .length_skew = 1000});
    const auto begins = problem.layer_begins();
    ASSERT_EQ(begins.size(), static_cast<std::size_t>(layers) + 1);
    EXPECT_EQ(begins.front(), 0);
    EXPECT_EQ(begins.back(), 40);
    for (std::size_t l = 0; l + 1 < begins.size(); ++l) EXPECT_LT(begins[l], begins[l + 1]);
  }
}

TEST(Problem, LaterLayersAreLongerAndFlatter) {
  const Problem problem({.dimension = 1000, .layers = 2, .condition = 1, .layer_skew = 8, .length_skew = 4});
  EXPECT_EQ(problem.layer_begins()[1], 200);
  EXPECT_EQ(problem.smoothness(), 1);
  std::vector<float> at_zero(1000);
  std::vector<float> at_one(1000);
  problem.gradient(0, std::vector<float>(1000, 0.0F), at_zero);
  problem.gradient(0, std::vector<float>(1000, 1.0F), at_one);
  for (std::size_t i = 0; i < 1000; ++i) EXPECT_NEAR(at_one[i] - at_zero[i], i < 200 ? 1 : 0.125, 1e-6);
}

/// Compares the workers' mean gradient, times a difference in x, with differences of f.
TEST(Problem, MeanGradientBelongsToTheError) {
  constexpr std::size_t kCount = 50;
  const Problem problem({.workers = 3, .dimension = kCount, .layers = 3});
  std::vector<float> x(kCount);
  for (std::size_t i = 0; i < kCount; ++i) x[i] = static_cast<float>(std::sin(i));
  std::vector<float> gradient(kCount);
  std::vector<double> mean(kCount);
  for (int worker = 0; worker < 3; ++worker) {
    problem.gradient(worker, x, gradient);
    for (std::size_t i = 0; i < kCount; ++i) mean[i] += static_cast<double>(gradient[i]) / 3;
  }
  // A quadratic's central difference is its exact slope, up to rounding. All slopes share one unknown factor.
  std::vector<double> factors;
  for (std::size_t i = 0; i < kCount; ++i) {
    std::vector<float> before = x;
    std::vector<float> behind = x;
    before[i] -= 0.5F;
    behind[i] += 0.5F;
    factors.push_back((problem.error(behind) - problem.error(before)) / mean[i]);
  }
  for (const double factor : factors) EXPECT_NEAR(factor / factors.front(), 1, 1e-4);
}

TEST(Problem, ErrorIsOneAtTheStartAndGradientDescentEndsIt) {
  const Problem problem({.workers = 2, .dimension = 30, .layers = 2, .condition = 4, .layer_skew = 2});
  std::vector<float> x(30);
  EXPECT_EQ(problem.error(x), 1);
  std::vector<float> one(30);
  std::vector<float> two(30);
  for (int round = 0; round < 400; ++round) {
    problem.gradient(0, x, one);
    problem.gradient(1, x, two);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] -= 0.5F * (one[i] + two[i]);
  }
  EXPECT_LT(problem.error(x), 1e-12);
  // Workers differ, so their gradients are not zero where the mean gradient is.
  EXPECT_GT(*std::ranges::max_element(one), 0.01F);
}

TEST(Problem, SeedsDiffer) {
  std::vector<float> one(64);
  std::vector<float> other(64);
  const std::vector<float> zero(64);
  Problem({.dimension = 64, .seed = 1}).gradient(0, zero, one);
  Problem({.dimension = 64, .seed = 2}).gradient(0, zero, other);
  EXPECT_NE(one, other);
  Problem({.dimension = 64, .seed = 1}).gradient(0, zero, other);
  EXPECT_EQ(one, other);
}

}  // namespace
}  // namespace pliant::quadratic

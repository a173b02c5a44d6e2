// A few numbers replace a gain curve: their error at the points and between them.
#include "compress/gain_model.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "compress/topk.hpp"
#include "tests/planner/density/gains.hpp"

namespace pliant {
namespace {

/// ||k largest||^2 / ||all||^2 for every k.
std::vector<double> exact_gains(std::vector<float> values) {
  std::sort(values.begin(), values.end(), [](float a, float b) { return std::abs(a) > std::abs(b); });
  std::vector<double> energy{0};
  for (const float value : values) energy.push_back(energy.back() + static_cast<double>(value) * value);
  for (double& e : energy) e /= energy.back();
  return energy;
}

TEST(GainModel, LiesBelowTheTruthAndNearIt) {
  for (const double power : {0.5, 1.0, 2.0, 4.0}) {
    const std::vector<float> values = test::gradient_of(100'000, power);
    const std::vector<double> exact = exact_gains(values);
    const GainModel model(test::curve_of(values), 100'000);
    double before = 0;
    for (std::int64_t k = 0; k <= 100'000; k += 7) {
      const double truth = exact[static_cast<std::size_t>(k)];
      EXPECT_LE(model.at(k), truth + 0.004) << "k = " << k << ", power " << power;  // the histogram's error
      EXPECT_GE(model.at(k), truth - 0.03) << "k = " << k << ", power " << power;
      EXPECT_GE(model.at(k), before);
      before = model.at(k);
    }
  }
}

TEST(GainModel, IsConcave) {
  const GainModel model(test::curve_of(test::gradient_of(50'000, 2)), 50'000);
  double slope = std::numeric_limits<double>::infinity();
  for (std::size_t i = 1; i < GainModel::kPoints; ++i) {
    if (model.kept(i) == model.kept(i - 1)) continue;
    const double next =
        (model.gains()[i] - model.gains()[i - 1]) / static_cast<double>(model.kept(i) - model.kept(i - 1));
    EXPECT_LE(next, slope * 1.05) << "point " << i;  // but for the histogram's own error
    slope = next;
  }
}

TEST(GainModel, EndsAreNothingAndEverything) {
  for (const std::int64_t count : {1, 2, 3, 100, 1'000'003}) {
    const GainModel model = test::model_of(count, 1);
    EXPECT_EQ(model.at(0), 0);
    EXPECT_EQ(model.at(-5), 0);
    EXPECT_EQ(model.at(count), 1);
    EXPECT_EQ(model.at(count + 1), 1);
    EXPECT_EQ(model.kept(GainModel::kPoints - 1), count);
    EXPECT_EQ(model.kept(0), kept_count(count, 1e-4));
  }
}

TEST(GainModel, LeastKeptIsTheLeast) {
  const GainModel model = test::model_of(30'000, 2);
  for (const double gain : {0.0, 1e-6, 0.1, 0.5, 0.9, 0.999, 1.0}) {
    const std::int64_t kept = model.least_kept(gain);
    EXPECT_GE(model.at(kept), gain);
    EXPECT_TRUE(kept == 1 || model.at(kept - 1) < gain) << gain;
  }
  EXPECT_EQ(model.least_kept(1), 30'000);
}

TEST(GainModel, WhateverIsSaidOfPointsIsMadeToRiseTo1) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  std::array<double, GainModel::kPoints> gains{};
  gains.fill(kNan);
  gains[3] = 0.5;
  gains[4] = 0.2;
  gains[5] = -1;
  gains[9] = 7;
  const GainModel model(gains, 10'000);
  double before = 0;
  for (std::int64_t k = 0; k <= 10'000; ++k) {
    EXPECT_GE(model.at(k), before);
    EXPECT_LE(model.at(k), 1);
    before = model.at(k);
  }
  EXPECT_EQ(model.gains()[2], 0);
  EXPECT_EQ(model.gains()[5], 0.5);
}

TEST(GainModel, NothingKnownIsNoGain) {
  const GainModel model;
  EXPECT_EQ(model.at(1), 1);  // of no elements, all
  EXPECT_EQ(model.at(0), 0);
}

}  // namespace
}  // namespace pliant

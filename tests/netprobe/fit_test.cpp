// The line through ping-pong times: exact data, noise, outliers, and insufficient data.
#include "netprobe/fit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <ostream>
#include <random>
#include <vector>

namespace pliant {
namespace {

const std::vector<double> kSizes_bytes{1, 16384, 32768, 65536, 131072, 262144, 524288, 1048576};

struct Network {
  double alpha_s;
  double beta_s_per_byte;
};

std::ostream& operator<<(std::ostream& out, const Network& network) {
  return out << network.alpha_s << " s + " << network.beta_s_per_byte << " s/byte";
}

std::vector<PingSample> exact_samples(const Network& network, int repetitions) {
  std::vector<PingSample> samples;
  for (const double bytes : kSizes_bytes)
    for (int i = 0; i < repetitions; ++i)
      samples.push_back({bytes, network.alpha_s + bytes * network.beta_s_per_byte});
  return samples;
}

/// `relative` is the standard deviation of each time, relative to the time.
std::vector<PingSample> noisy_samples(const Network& network, int repetitions, double relative,
                                      std::mt19937& random) {
  std::vector<PingSample> samples = exact_samples(network, repetitions);
  std::normal_distribution<double> noise(1, relative);
  for (PingSample& sample : samples) sample.one_way_s *= noise(random);
  return samples;
}

void expect_ordered(const LinkEstimate& link) {
  EXPECT_GT(link.alpha_s, 0);
  EXPECT_GE(link.alpha_low_s, 0);
  EXPECT_LE(link.alpha_low_s, link.alpha_s);
  EXPECT_LE(link.alpha_s, link.alpha_high_s);
  EXPECT_TRUE(std::isfinite(link.alpha_high_s));
  EXPECT_GE(link.beta_low_s_per_byte, 0);
  EXPECT_LE(link.beta_low_s_per_byte, link.beta_s_per_byte);
  EXPECT_LE(link.beta_s_per_byte, link.beta_high_s_per_byte);
  EXPECT_TRUE(std::isfinite(link.beta_high_s_per_byte));
}

class FitOf : public testing::TestWithParam<Network> {};

TEST_P(FitOf, ExactTimesIsExact) {
  const auto [alpha_s, beta] = GetParam();
  const LinkEstimate link = fit_link(exact_samples(GetParam(), 3));
  EXPECT_NEAR(link.alpha_s, alpha_s, 1e-9 * alpha_s);
  EXPECT_NEAR(link.beta_s_per_byte, beta, 1e-9 * beta);
  EXPECT_LT(link.alpha_high_s - link.alpha_low_s, 1e-6 * alpha_s);
  EXPECT_LT(link.beta_high_s_per_byte - link.beta_low_s_per_byte, 1e-6 * beta);
  EXPECT_EQ(link.samples, 24);
  expect_ordered(link);
}

TEST_P(FitOf, NoisyTimesIsNear) {
  const auto [alpha_s, beta] = GetParam();
  std::mt19937 random(1);
  const LinkEstimate link = fit_link(noisy_samples(GetParam(), 9, 0.05, random));
  EXPECT_NEAR(link.alpha_s, alpha_s, 0.1 * alpha_s);
  EXPECT_NEAR(link.beta_s_per_byte, beta, 0.1 * beta);
  expect_ordered(link);
}

TEST_P(FitOf, TimesWithOutliersIsNear) {
  const auto [alpha_s, beta] = GetParam();
  std::mt19937 random(2);
  std::vector<PingSample> samples = noisy_samples(GetParam(), 9, 0.02, random);
  std::bernoulli_distribution disturbed(0.1);
  int outliers = 0;
  for (PingSample& sample : samples) {
    if (!disturbed(random)) continue;
    sample.one_way_s *= 10;
    ++outliers;
  }
  ASSERT_GT(outliers, 3);
  const LinkEstimate link = fit_link(samples);
  EXPECT_NEAR(link.alpha_s, alpha_s, 0.1 * alpha_s);
  EXPECT_NEAR(link.beta_s_per_byte, beta, 0.1 * beta);
  expect_ordered(link);
}

TEST_P(FitOf, TimesOfWhichOneSizeIsOffIsNear) {
  const auto [alpha_s, beta] = GetParam();
  std::mt19937 random(3);
  std::vector<PingSample> samples = noisy_samples(GetParam(), 5, 0.02, random);
  for (PingSample& sample : samples)
    if (sample.bytes == 131072) sample.one_way_s *= 3;
  const LinkEstimate link = fit_link(samples);
  EXPECT_NEAR(link.alpha_s, alpha_s, 0.15 * alpha_s);
  EXPECT_NEAR(link.beta_s_per_byte, beta, 0.15 * beta);
  expect_ordered(link);
}

TEST_P(FitOf, NoisyTimesHasTheTruthInItsIntervals) {
  const auto [alpha_s, beta] = GetParam();
  std::mt19937 random(4);
  constexpr int kTrials = 400;
  for (const int repetitions : {1, 3, 9}) {
    int alpha_inside = 0;
    int beta_inside = 0;
    for (int trial = 0; trial < kTrials; ++trial) {
      const LinkEstimate link = fit_link(noisy_samples(GetParam(), repetitions, 0.05, random));
      alpha_inside += link.alpha_low_s <= alpha_s && alpha_s <= link.alpha_high_s;
      beta_inside += link.beta_low_s_per_byte <= beta && beta <= link.beta_high_s_per_byte;
    }
    // The nominal coverage is 95 %. 91.5 % is 3.2 standard deviations of 400 trials below it.
    EXPECT_GE(alpha_inside, 0.915 * kTrials) << repetitions << " repetitions";
    EXPECT_GE(beta_inside, 0.915 * kTrials) << repetitions << " repetitions";
  }
}

TEST_P(FitOf, TheSameSamplesInAnyOrderIsTheSame) {
  std::mt19937 random(5);
  std::vector<PingSample> samples = noisy_samples(GetParam(), 5, 0.1, random);
  const LinkEstimate link = fit_link(samples);
  std::shuffle(samples.begin(), samples.end(), random);
  const LinkEstimate shuffled = fit_link(samples);
  EXPECT_EQ(link.alpha_s, shuffled.alpha_s);
  EXPECT_EQ(link.beta_s_per_byte, shuffled.beta_s_per_byte);
  EXPECT_EQ(link.alpha_high_s, shuffled.alpha_high_s);
  EXPECT_EQ(link.beta_high_s_per_byte, shuffled.beta_high_s_per_byte);
}

// Shared memory, 10 Gbit/s, and 250 and 5 Mbit/s with the lab's shortest and longest delays.
INSTANTIATE_TEST_SUITE_P(Networks, FitOf,
                         testing::Values(Network{5e-7, 1e-10}, Network{2e-5, 8e-10}, Network{2e-4, 3.2e-8},
                                         Network{5e-2, 1.6e-6}));

TEST(FitOfNothing, IsZero) {
  const LinkEstimate link = fit_link({});
  EXPECT_EQ(link.alpha_s, 0);
  EXPECT_EQ(link.alpha_high_s, 0);
  EXPECT_EQ(link.beta_s_per_byte, 0);
  EXPECT_EQ(link.beta_high_s_per_byte, 0);
  EXPECT_EQ(link.samples, 0);
}

TEST(FitOfOneSize, IsAllAlphaAndSaysThatItCannotTell) {
  const std::vector<PingSample> samples{{1000, 2e-3}, {1000, 1e-3}, {1000, 3e-3}};
  const LinkEstimate link = fit_link(samples);
  EXPECT_DOUBLE_EQ(link.alpha_s, 2e-3);
  EXPECT_EQ(link.alpha_low_s, 0);
  EXPECT_DOUBLE_EQ(link.alpha_high_s, 2e-3);
  EXPECT_EQ(link.beta_s_per_byte, 0);
  EXPECT_DOUBLE_EQ(link.beta_high_s_per_byte, 2e-6);
  EXPECT_EQ(link.samples, 3);
}

TEST(FitOfOneSize, OfNoBytesHasNoBeta) {
  const LinkEstimate link = fit_link(std::vector<PingSample>{{0, 1e-3}});
  EXPECT_DOUBLE_EQ(link.alpha_s, 1e-3);
  EXPECT_EQ(link.beta_high_s_per_byte, 0);
}

TEST(FitOfTwoSizes, OnceEachIsTheLineWithTheWidestIntervals) {
  const LinkEstimate link = fit_link(std::vector<PingSample>{{1, 1e-3}, {10001, 2e-3}});
  EXPECT_NEAR(link.beta_s_per_byte, 1e-7, 1e-15);
  EXPECT_NEAR(link.alpha_s, 1e-3 - 1e-7, 1e-12);
  EXPECT_EQ(link.alpha_low_s, 0);
  EXPECT_DOUBLE_EQ(link.alpha_high_s, 1e-3);
  EXPECT_EQ(link.beta_low_s_per_byte, 0);
  EXPECT_DOUBLE_EQ(link.beta_high_s_per_byte, 2e-3 / 10001);
}

TEST(FitOfEqualTimes, IsAllAlpha) {
  std::vector<PingSample> samples;
  for (const double bytes : kSizes_bytes) samples.push_back({bytes, 1e-3});
  const LinkEstimate link = fit_link(samples);
  EXPECT_NEAR(link.alpha_s, 1e-3, 1e-15);
  EXPECT_NEAR(link.beta_s_per_byte, 0, 1e-18);
  expect_ordered(link);
}

TEST(FitOfFallingTimes, HasNoNegativeBeta) {
  const LinkEstimate link = fit_link(std::vector<PingSample>{{1, 3e-3}, {1000, 2e-3}, {2000, 1e-3}});
  EXPECT_EQ(link.beta_s_per_byte, 0);
  EXPECT_GE(link.alpha_s, 1e-3);
  EXPECT_LE(link.alpha_s, 3e-3);
  expect_ordered(link);
}

TEST(FitOfTimesBelowTheOrigin, HasNoNegativeAlpha) {
  const LinkEstimate link = fit_link(std::vector<PingSample>{{1000, 1e-6}, {2000, 1e-3}, {3000, 2e-3}});
  EXPECT_GE(link.alpha_s, 1e-9);
  EXPECT_GT(link.beta_s_per_byte, 0);
  expect_ordered(link);
}

TEST(FitOfZeroTimes, IsOneTickOfTheClock) {
  const LinkEstimate link = fit_link(std::vector<PingSample>{{1, 0}, {1, 0}, {1000, 0}, {2000, 0}});
  EXPECT_DOUBLE_EQ(link.alpha_s, 1e-9);
  EXPECT_NEAR(link.beta_s_per_byte, 0, 1e-20);
  expect_ordered(link);
}

TEST(FitOfTimesThatAreNone, LeavesThemOut) {
  std::vector<PingSample> samples = exact_samples({1e-3, 1e-8}, 1);
  samples.push_back({1000, std::numeric_limits<double>::quiet_NaN()});
  samples.push_back({1000, std::numeric_limits<double>::infinity()});
  const LinkEstimate link = fit_link(samples);
  EXPECT_NEAR(link.alpha_s, 1e-3, 1e-12);
  EXPECT_EQ(link.samples, 8);
}

TEST(Measured, IsAFitWithinItsBoundsAlone) {
  const auto is_fit_measured = [](const std::vector<PingSample>& samples) {
    return is_measured(fit_link(samples).line());
  };
  EXPECT_TRUE(is_fit_measured(exact_samples({5e-7, 1e-11}, 1)));
  EXPECT_FALSE(is_fit_measured({}));
  EXPECT_FALSE(is_fit_measured({{1000, 1e-3}})) << "one size";
  EXPECT_FALSE(is_fit_measured(exact_samples({1e-3, 0}, 3))) << "long messages as quick as short ones";
  EXPECT_FALSE(is_fit_measured({{1, 3e-3}, {1000, 2e-3}, {2000, 1e-3}})) << "quicker";
  EXPECT_FALSE(is_fit_measured({{1000, 1e-6}, {2000, 1e-3}, {3000, 2e-3}})) << "no latency";
  EXPECT_FALSE(is_fit_measured({{1, 0}, {1, 0}, {1000, 0}, {2000, 0}})) << "a clock that stands";
}

TEST(Gap, IsWhatABurstTakesBeyondTwoLatencies) {
  const double alpha_s = 1e-3;
  const std::vector<double> bursts_s = {2 * alpha_s + 31 * 20e-6, 2 * alpha_s + 31 * 90e-6};
  EXPECT_NEAR(gap_between(bursts_s, 32, alpha_s), 20e-6, 1e-12);
}

TEST(Gap, LiesBetweenNothingAndTheLatency) {
  EXPECT_EQ(gap_between(std::vector<double>{1e-4}, 32, 1e-3), 0);
  EXPECT_EQ(gap_between(std::vector<double>{10.0}, 32, 1e-3), 1e-3);
  EXPECT_EQ(gap_between({}, 32, 1e-3), 1e-3);
}

}  // namespace
}  // namespace pliant

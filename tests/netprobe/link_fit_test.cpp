// The fit of a surveyed link, on made-up times: exact, noisy, piecewise, disturbed, impossible.
#include "netprobe/link_fit.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <ostream>
#include <random>
#include <vector>

#include "netprobe/ladder.hpp"

namespace pliant {
namespace {

using TimeOf = std::function<double(double bytes)>;

/// Every rung of the ladder of sizes, `passes` times.
std::vector<SurveySample> survey(const TimeOf& time_of, int passes, std::uint64_t seed = 1) {
  std::vector<SurveySample> samples;
  for (const Rung& rung : random_ladder(seed))
    for (int i = 0; i < passes; ++i)
      samples.push_back({{static_cast<double>(rung.bytes), time_of(rung.bytes)}, rung.held_out});
  return samples;
}

TimeOf line(double alpha_s, double beta) {
  return [=](double bytes) { return alpha_s + bytes * beta; };
}

TimeOf noisy(const TimeOf& time_of, double noise, std::mt19937_64& random) {
  return [=, &random](double bytes) {
    return time_of(bytes) * std::exp(noise * std::normal_distribution<double>()(random));
  };
}

void expect_sound(const LinkFit& link) {
  const LinkEstimate& typical = link.typical;
  EXPECT_GE(typical.alpha_s, kTick_s);
  EXPECT_GE(typical.beta_s_per_byte, 0);
  EXPECT_TRUE(std::isfinite(typical.alpha_high_s));
  EXPECT_TRUE(std::isfinite(typical.beta_high_s_per_byte));
  EXPECT_LE(typical.alpha_low_s, typical.alpha_s);
  EXPECT_LE(typical.alpha_s, typical.alpha_high_s);
  EXPECT_LE(typical.beta_low_s_per_byte, typical.beta_s_per_byte);
  EXPECT_LE(typical.beta_s_per_byte, typical.beta_high_s_per_byte);
  EXPECT_GE(link.floor.alpha_s, kTick_s);
  EXPECT_LE(link.floor.alpha_s, typical.alpha_s);
  EXPECT_GE(link.floor.beta_s_per_byte, 0);
  EXPECT_LE(link.floor.beta_s_per_byte, typical.beta_s_per_byte);
  ASSERT_GE(link.piece_count, 1);
  ASSERT_LE(link.piece_count, LinkFit::kMostPieces);
  double from = 0;
  for (int i = 0; i < link.piece_count; ++i) {
    const LinkPiece& piece = link.pieces[static_cast<std::size_t>(i)];
    EXPECT_GT(piece.to_bytes, from);
    EXPECT_GE(piece.line.alpha_s, kTick_s);
    EXPECT_GE(piece.line.beta_s_per_byte, 0);
    from = piece.to_bytes;
  }
  EXPECT_TRUE(std::isfinite(link.held_out_median) && link.held_out_median >= 0);
  EXPECT_GE(link.held_out_worst, link.held_out_median);
}

struct Network {
  double alpha_s;
  double beta;
};

std::ostream& operator<<(std::ostream& out, const Network& network) {
  return out << network.alpha_s << " s + " << network.beta << " s/byte";
}

class SurveyOf : public testing::TestWithParam<Network> {
 protected:
  const double alpha_s = GetParam().alpha_s;
  const double beta = GetParam().beta;
  std::mt19937_64 random{7};
};

TEST_P(SurveyOf, ExactTimesIsOneExactPiece) {
  const LinkFit link = fit_survey(survey(line(alpha_s, beta), 5));
  EXPECT_NEAR(link.typical.alpha_s, alpha_s, 1e-9 * alpha_s);
  EXPECT_NEAR(link.typical.beta_s_per_byte, beta, 1e-9 * beta);
  EXPECT_NEAR(link.floor.alpha_s, alpha_s, 1e-9 * alpha_s);
  EXPECT_NEAR(link.floor.beta_s_per_byte, beta, 1e-9 * beta);
  EXPECT_EQ(link.piece_count, 1);
  EXPECT_EQ(link.rejected, 0);
  EXPECT_EQ(link.impossible, 0);
  EXPECT_GE(link.held_out_sizes, 3);
  EXPECT_LT(link.held_out_worst, 1e-6);
  expect_sound(link);
}

TEST_P(SurveyOf, NoisyTimesIsNearAndPromisesWhatItHolds) {
  int pieces = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const LinkFit link = fit_survey(survey(noisy(line(alpha_s, beta), 0.05, random), 8, seed));
    EXPECT_NEAR(link.typical.alpha_s, alpha_s, 0.1 * alpha_s);
    EXPECT_NEAR(link.typical.beta_s_per_byte, beta, 0.1 * beta);
    EXPECT_LT(link.held_out_median, 0.1);
    pieces += link.piece_count;
    expect_sound(link);
  }
  EXPECT_LE(pieces, 110) << "noise is no change of protocol";
}

TEST_P(SurveyOf, TheTruthIsInItsIntervals) {
  int alpha_inside = 0;
  int beta_inside = 0;
  constexpr int kTrials = 400;
  for (int trial = 0; trial < kTrials; ++trial) {
    const TimeOf times = noisy(line(alpha_s, beta), 0.05, random);
    const LinkEstimate link = fit_survey(survey(times, 8, static_cast<std::uint64_t>(trial))).typical;
    alpha_inside += link.alpha_low_s <= alpha_s && alpha_s <= link.alpha_high_s;
    beta_inside += link.beta_low_s_per_byte <= beta && beta <= link.beta_high_s_per_byte;
  }
  // The nominal coverage is 95 %. 91.5 % is 3.2 standard deviations of 400 trials below it.
  EXPECT_GE(alpha_inside, 0.915 * kTrials);
  EXPECT_GE(beta_inside, 0.915 * kTrials);
}

TEST_P(SurveyOf, OutliersAreCountedAndDoNotMatter) {
  std::vector<SurveySample> samples = survey(noisy(line(alpha_s, beta), 0.02, random), 9);
  int outliers = 0;
  for (std::size_t i = 0; i < samples.size(); i += 7) {
    samples[i].ping.one_way_s *= i % 2 == 0 ? 100 : 0.01;
    ++outliers;
  }
  const LinkFit link = fit_survey(samples);
  EXPECT_EQ(link.rejected, outliers);
  EXPECT_EQ(link.typical.samples, static_cast<int>(samples.size()) - outliers);
  EXPECT_NEAR(link.typical.alpha_s, alpha_s, 0.05 * alpha_s);
  EXPECT_NEAR(link.typical.beta_s_per_byte, beta, 0.05 * beta);
  EXPECT_LT(link.held_out_worst, 0.1);
  expect_sound(link);
}

TEST_P(SurveyOf, TheFloorIsBelowWhatIsTypical) {
  // A quarter of the messages are undisturbed. The others take up to 1.75 times as long.
  std::uniform_real_distribution<double> part(0, 1);
  const TimeOf times = [&](double bytes) {
    return (alpha_s + bytes * beta) * (1 + std::max(0.0, part(random) - 0.25));
  };
  const LinkFit link = fit_survey(survey(times, 25));
  EXPECT_NEAR(link.floor.alpha_s, alpha_s, 0.05 * alpha_s);
  EXPECT_NEAR(link.floor.beta_s_per_byte, beta, 0.05 * beta);
  EXPECT_GT(link.typical.alpha_s, 1.1 * link.floor.alpha_s);
  EXPECT_GT(link.typical.beta_s_per_byte, 1.1 * link.floor.beta_s_per_byte);
}

// Shared memory, 10 Gbit/s, and 250 and 5 Mbit/s with the lab's shortest and longest delays.
INSTANTIATE_TEST_SUITE_P(Networks, SurveyOf,
                         testing::Values(Network{5e-7, 1e-10}, Network{2e-5, 8e-10}, Network{2e-4, 3.2e-8},
                                         Network{5e-2, 1.6e-6}));

/// A rendezvous above 48 KiB costs two more latencies.
TEST(SurveyInPieces, FindsWhereTheProtocolChanges) {
  std::mt19937_64 random(3);
  const TimeOf times = [](double bytes) { return (bytes > 48 << 10 ? 3e-3 : 1e-3) + 1e-8 * bytes; };
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const LinkFit link = fit_survey(survey(noisy(times, 0.02, random), 8, seed));
    ASSERT_EQ(link.piece_count, 2) << seed;
    EXPECT_GT(link.pieces[0].to_bytes, 16 << 10);
    EXPECT_LT(link.pieces[0].to_bytes, 128 << 10);
    EXPECT_NEAR(link.pieces[0].line.alpha_s, 1e-3, 1e-4);
    EXPECT_NEAR(predict_s(link, 1 << 20), times(1 << 20), 0.05 * times(1 << 20));
    EXPECT_NEAR(predict_s(link, 4096), times(4096), 0.05 * times(4096));
    expect_sound(link);
  }
}

TEST(SurveyInPieces, OneDisturbedSizeIsNone) {
  for (std::size_t disturbed = 1; disturbed + 1 < kRungs; ++disturbed) {
    const Ladder ladder = random_ladder(5);
    const TimeOf times = [&](double bytes) {
      return (bytes == ladder[disturbed].bytes ? 2 : 1) * (1e-3 + 1e-8 * bytes);
    };
    const LinkFit link = fit_survey(survey(times, 5, 5));
    EXPECT_EQ(link.piece_count, 1) << "size " << ladder[disturbed].bytes;
    EXPECT_NEAR(predict_s(link, 100'000), 2e-3, 2e-4);
  }
}

TEST(SurveyInPieces, PredictsBeyondTheLargestByTheLast) {
  LinkFit link;
  EXPECT_EQ(predict_s(link, 100), 0);
  link.pieces = {{{10, {1, 0}}, {100, {2, 1}}}};
  link.piece_count = 2;
  EXPECT_EQ(predict_s(link, 10), 1);
  EXPECT_EQ(predict_s(link, 11), 13);
  EXPECT_EQ(predict_s(link, 1000), 1002);
}

TEST(SurveyOfNothing, IsZero) {
  const LinkFit link = fit_survey({});
  EXPECT_EQ(link.typical.samples, 0);
  EXPECT_EQ(link.typical.alpha_s, 0);
  EXPECT_EQ(link.piece_count, 0);
  EXPECT_EQ(link.held_out_sizes, 0);
}

TEST(SurveyOfFewSamples, IsSound) {
  expect_sound(fit_survey(std::vector<SurveySample>{{{1, 1e-3}}}));
  expect_sound(fit_survey(std::vector<SurveySample>{{{1, 1e-3}}, {{1e4, 2e-3}}}));
  const LinkFit only_held_out = fit_survey(std::vector<SurveySample>{{{1, 1e-3}, true}, {{1e4, 2e-3}, true}});
  expect_sound(only_held_out);
  EXPECT_EQ(only_held_out.held_out_sizes, 0) << "nothing was left to predict them by";
}

TEST(SurveyOfFewSamples, HeldOutBeyondWhatWasFittedIsNotJudged) {
  const LinkFit link = fit_survey(
      std::vector<SurveySample>{{{1, 1e-3}}, {{1e4, 2e-3}}, {{5e3, 1.5e-3}, true}, {{1e6, 1}, true}});
  EXPECT_EQ(link.held_out_sizes, 1);
  EXPECT_LT(link.held_out_worst, 1e-3);
}

TEST(SurveyByASteppedClock, LeavesOutAndCountsWhatCannotBe) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  std::vector<SurveySample> samples = survey(line(1e-3, 1e-8), 5);
  const std::size_t before = samples.size();
  for (const double time_s : {-3600.0, -1e-9, 3600.0, kNan, kInfinite}) samples.push_back({{1000, time_s}});
  samples.push_back({{kNan, 1e-3}});
  samples[3].ping.one_way_s += 100;
  const LinkFit link = fit_survey(samples);
  EXPECT_EQ(link.impossible, 6);
  EXPECT_EQ(link.rejected, 1);
  EXPECT_EQ(link.typical.samples, static_cast<int>(before) - 1);
  EXPECT_NEAR(link.typical.alpha_s, 1e-3, 1e-9);
  EXPECT_NEAR(link.typical.beta_s_per_byte, 1e-8, 1e-14);
  expect_sound(link);
}

TEST(SurveyByASteppedClock, ThatNeverTellsATimeIsEmpty) {
  const LinkFit link = fit_survey(survey(line(-1, 0), 2));
  EXPECT_EQ(link.impossible, static_cast<int>(2 * kRungs));
  EXPECT_EQ(link.piece_count, 0);
  EXPECT_EQ(link.typical.samples, 0);
}

TEST(SurveyOfTimesThatFall, HasNoNegativeBeta) {
  const LinkFit link = fit_survey(survey([](double bytes) { return 1e-3 - 1e-10 * bytes; }, 4));
  EXPECT_EQ(link.typical.beta_s_per_byte, 0);
  expect_sound(link);
}

/// Because of a disturbed clock, the fastest tenth of the longer messages seems as fast as a short one.
TEST(SurveyOfAFloorAtItsBound, TakesWhatIsTypical) {
  std::vector<SurveySample> samples = survey(line(1e-3, 1e-8), 20);
  double largest = 0;
  for (const SurveySample& sample : samples) largest = std::max(largest, sample.ping.bytes);
  for (std::size_t i = 0; i < samples.size(); i += 20)
    for (std::size_t j = i; j < i + 3; ++j)
      samples[j].ping.one_way_s = 0.95e-3 - 1e-4 * samples[j].ping.bytes / largest;
  const LinkFit link = fit_survey(samples);
  EXPECT_GT(link.floor.beta_s_per_byte, kLeastBeta_s_per_byte);
  EXPECT_GT(link.floor.alpha_s, kTick_s);
  expect_sound(link);
}

TEST(SurveyOfZeroTimes, IsOneTickOfTheClock) {
  const LinkFit link = fit_survey(survey(line(0, 0), 4));
  EXPECT_DOUBLE_EQ(link.typical.alpha_s, kTick_s);
  expect_sound(link);
}

TEST(Ladder, ClimbsFromOneByteWithinItsEdges) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Ladder ladder = random_ladder(seed);
    EXPECT_EQ(ladder[0].bytes, 1);
    EXPECT_FALSE(ladder[0].held_out);
    EXPECT_FALSE(ladder[kAnchorRung].held_out);
    EXPECT_GE(ladder[kAnchorRung].bytes, 16 << 10);
    EXPECT_LE(ladder[kAnchorRung].bytes, 32 << 10);
    int held_out = 0;
    for (std::size_t i = 1; i < ladder.size(); ++i) {
      EXPECT_GE(ladder[i].bytes, kLadderEdges_bytes[i - 1]);
      EXPECT_LE(ladder[i].bytes, kLadderEdges_bytes[i]);
      held_out += ladder[i].held_out;
    }
    EXPECT_GE(held_out, 2);
    EXPECT_LE(held_out, 4);
    EXPECT_EQ(random_ladder(seed)[9].bytes, ladder[9].bytes);
  }
  EXPECT_NE(random_ladder(1)[9].bytes, random_ladder(2)[9].bytes);
}

}  // namespace
}  // namespace pliant

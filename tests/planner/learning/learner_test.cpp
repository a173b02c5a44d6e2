// The learner on simulated networks: what it finds, what it chooses, and what it never does.
#include "planner/learning/learner.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "core/stats.hpp"
#include "tests/planner/learning/learner_world.hpp"
#include "tests/support/selection.hpp"

namespace pliant {
namespace {

using test::rank_candidates;
using test::SelectionRequest;

using test::kFast;
using test::kSlow;
using test::learner_of;
using test::World;

TEST(Learner, FindsANetworkThatBecameTenTimesSlower) {
  World world(kFast);
  Learner learner = learner_of(kFast);
  for (int i = 0; i < 50; ++i) world.call(learner, 1'000'000), world.messages(learner);
  EXPECT_EQ(world.changes, 0);
  world.truth.link = kSlow;
  int calls = 0;
  while (world.changes == 0 && calls < 20) world.call(learner, 1'000'000), ++calls;
  EXPECT_LE(calls, 5);
  world.messages(learner);
  for (int i = 0; i < 10; ++i) world.call(learner, 1'000'000), world.messages(learner);
  EXPECT_NEAR(std::log(learner.model().link.beta_s_per_byte / kSlow.beta_s_per_byte), 0, 0.2);
  EXPECT_NEAR(std::log(learner.model().link.alpha_s / kSlow.alpha_s), 0, 0.3);
}

TEST(Learner, AWrongFormulaStopsMattering) {
  World world(kSlow);
  Learner learner = learner_of(kSlow);
  const AllreduceAlgorithm* const first = &world.call(learner, 1'000'000);
  world.wrong_by[first] = 3;
  for (int i = 0; i < 100; ++i) world.call(learner, 1'000'000), world.messages(learner);
  int calls_of_first = 0;
  for (int i = 0; i < 100; ++i) calls_of_first += &world.call(learner, 1'000'000) == first ? 1 : 0;
  EXPECT_LE(calls_of_first, 3);
  // The formula was wrong, not the network.
  EXPECT_NEAR(std::log(learner.model().link.beta_s_per_byte / kSlow.beta_s_per_byte), 0, 0.2);
}

TEST(Learner, MessagesThatOnlyTeachCostHalfAPercent) {
  World world(kSlow);
  Learner learner = learner_of(kSlow);
  for (int i = 0; i < 5000; ++i) world.call(learner, 100), world.messages(learner);  // all latency
  EXPECT_GT(world.asked, 0);
  EXPECT_LT(world.messages_s, 0.005 * world.time_s);
  EXPECT_LT(learner.estimator().beta_error(), 1);
}

TEST(Learner, NoMessageIsMuchLongerThanWhatWentBefore) {
  World world({.alpha_s = 1, .beta_s_per_byte = 1e-12});
  Learner learner = learner_of(world.truth.link);
  EXPECT_FALSE(learner.wanted_message(8));
  for (int i = 0; i < 1000; ++i) {
    world.call(learner, 10);
    double longest = 8 * 40 * 8;
    while (const auto bytes = learner.wanted_message(8)) {
      EXPECT_LE(static_cast<double>(*bytes), std::max(1e3, longest));
      EXPECT_LE(*bytes, 1 << 20);
      longest = std::max(longest, 8 * static_cast<double>(*bytes));
      learner.learn_message(*bytes, 8, 1);
    }
  }
  EXPECT_FALSE(learner.wanted_message(1));
}

TEST(Learner, TheSameTimesLeadToTheSameChoices) {
  World one(kFast), other(kFast);
  Learner first = learner_of(kFast), second = learner_of(kFast);
  for (int i = 0; i < 500; ++i) {
    if (i == 200) one.truth.link = other.truth.link = kSlow;
    const std::int64_t count = i % 3 == 0 ? 1'000 : 1'000'000;
    ASSERT_EQ(&one.call(first, count), &other.call(second, count));
    one.messages(first), other.messages(second);
    ASSERT_EQ(first.model(), second.model());
  }
}

TEST(Learner, TimesThatCannotBeChangeNothing) {
  Learner learner = learner_of(kFast);
  const AllreduceShape shape{{.ranks = 8}, {.count = 1000}};
  const AllreduceAlgorithm& ring = *find_algorithm("ring");
  for (const double time_s :
       {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    const LearningResult result = learner.learn(ring, shape, time_s);
    EXPECT_EQ(result.innovation.verdict, Verdict::refused);
    EXPECT_FALSE(result.changed);
  }
  EXPECT_EQ(learner.model().link, kFast);
  EXPECT_EQ(learner.corrections().learned(), 0);
}

// For any times, it chooses an algorithm and believes in a possible network.
TEST(Learner, SurvivesARankThatIs100TimesSlowerAndALinkOf10KbitPerSecond) {
  World world(kFast);
  Learner learner = learner_of(kFast);
  for (int i = 0; i < 2000; ++i) {
    const int phase = i / 100 % 4;
    world.truth.link = phase == 1   ? LinkModel{10e-3, 8e-8, 0}
                       : phase == 3 ? LinkModel{50e-3, 8e-4, 0}
                                    : kFast;
    world.call(learner, i % 2 == 0 ? 1'000 : 1'000'000);
    world.messages(learner);
    ASSERT_TRUE(std::isfinite(learner.model().link.alpha_s) && learner.model().link.alpha_s > 0);
    ASSERT_TRUE(std::isfinite(learner.model().link.beta_s_per_byte) &&
                learner.model().link.beta_s_per_byte > 0);
    if (i % 100 == 99) {
      EXPECT_NEAR(std::log(learner.model().link.beta_s_per_byte / world.truth.link.beta_s_per_byte), 0, 0.7)
          << i;
    }
  }
}

/// Calls of all lengths on a network that changes: when this is noticed, and which messages are wanted then.
struct Reprobe {
  explicit Reprobe(const LinkModel& after, double noise, std::uint64_t seed) : world(kFast, noise, seed) {
    for (; world.changes == 0 && calls < 40; ++calls) {
      if (calls == kBefore) world.truth.link = after;
      world.call(learner, std::array{3'000, 100'000, 1'000'000}[static_cast<std::size_t>(calls % 3)]);
      if (world.changes == 0) world.messages(learner);
    }
    if (world.changes == 0) return;
    for (std::size_t i = 0; i < sizes.size(); ++i) sizes[i] = world.message(learner);
    alpha_off = std::abs(std::log(learner.estimator().alpha_s() / world.truth.link.alpha_s));
    beta_off = std::abs(std::log(learner.estimator().beta_s_per_byte() / world.truth.link.beta_s_per_byte));
  }

  static constexpr int kBefore = 20;
  World world;
  Learner learner = learner_of(kFast);
  int calls = 0;
  std::array<std::int64_t, 3> sizes{};
  double alpha_off = 0, beta_off = 0;
};

TEST(Learner, AfterAnAlarmThreeLengthsAreAskedAndTellWhatTheNetworkIs) {
  constexpr std::array kFactors = {2.0, 0.5};
  for (const double noise : {0.05, 0.1, 0.2}) {
    std::vector<double> alpha_off, beta_off;
    for (std::uint64_t seed = 0; seed < 600; ++seed) {
      const double factor = kFactors[seed % 2];
      const LinkModel after{.alpha_s = kFast.alpha_s * (seed % 3 != 0 ? factor : 1),
                            .beta_s_per_byte = kFast.beta_s_per_byte * (seed % 3 != 1 ? factor : 1)};
      const Reprobe reprobe(after, noise, seed);
      if (reprobe.world.changes == 0 || reprobe.calls <= Reprobe::kBefore) continue;
      const auto& [first, second, third] = reprobe.sizes;
      ASSERT_GT(first, 0);
      ASSERT_GE(second, 2 * first);
      ASSERT_GE(std::abs(std::log2(static_cast<double>(third) / static_cast<double>(second))), 0.99);
      ASSERT_GE(third, 2 * first);
      alpha_off.push_back(reprobe.alpha_off), beta_off.push_back(reprobe.beta_off);
    }
    EXPECT_GT(alpha_off.size(), 300U) << "others are followed without an alarm; noise " << noise;
    const auto note = [&](const char* what, double value) {
      RecordProperty(what + std::to_string(noise), std::to_string(value));
    };
    note("alpha_median", median(alpha_off)), note("alpha_p90", quantile(alpha_off, 0.9));
    note("beta_median", median(beta_off)), note("beta_p90", quantile(beta_off, 0.9));
    // One message determines alpha no better than the noise. Beta, from two messages, is a little better.
    EXPECT_LT(median(alpha_off), noise);
    EXPECT_LT(median(beta_off), noise);
  }
}

TEST(Learner, AfterThreeMessagesHardlyMoreAreAskedAtOnce) {
  constexpr int kSeeds = 100;
  int more = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Reprobe reprobe(kSlow, 0.05, seed);
    Learner learner = reprobe.learner;
    World world = reprobe.world;
    while (world.message(learner) > 0) ++more;
  }
  EXPECT_LE(more, kSeeds / 20);
}

TEST(Learner, AFalseAlarmDoesNoHarm) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    World world(kFast, 0.05, seed);
    Learner learner = learner_of(kFast);
    for (int i = 0; i < 50; ++i) world.call(learner, 1'000'000), world.messages(learner);
    const AllreduceAlgorithm& before = world.call(learner, 1'000'000);
    const AllreduceShape shape{{.ranks = 8}, {.count = 1'000'000}};
    while (!learner.learn(before, shape, 3 * before.cost_s(shape, world.truth)).change) {
    }
    world.messages(learner);
    EXPECT_NEAR(std::log(learner.model().link.alpha_s / kFast.alpha_s), 0, 0.15) << seed;
    EXPECT_NEAR(std::log(learner.model().link.beta_s_per_byte / kFast.beta_s_per_byte), 0, 0.15) << seed;
    const SelectionRequest request{.shape = shape};
    const double best_s = rank_candidates(request, AlgorithmFilter(), world.truth).items[0].predicted_s;
    world.time_s = 0;
    for (int i = 0; i < 100; ++i) world.call(learner, 1'000'000);
    EXPECT_LT(world.time_s, 1.05 * 100 * best_s) << seed;
  }
}

/// A message with a very unexpected time is sent again, however certain the estimate was.
TEST(Learner, AMessageThatIsFarOffIsAskedAgainAtOnce) {
  World world(kSlow, 0.05);
  Learner learner = learner_of(kSlow);
  std::int64_t bytes = 0;
  for (int i = 0; (bytes == 0 || learner.estimator().alpha_error() > 0.1) && i < 5000; ++i) {
    if (bytes > 0) world.messages(learner);
    world.call(learner, 100'000'000);  // all transfer: tells nothing of alpha
    bytes = learner.wanted_message(8).value_or(0);
  }
  ASSERT_GT(bytes, 0);
  ASSERT_LT(learner.estimator().alpha_error(), 0.1);
  world.truth.link.alpha_s *= 5;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(world.message(learner), bytes) << i;
  EXPECT_TRUE(world.result.change);
  for (int i = 0; i < 3; ++i) world.message(learner);
  EXPECT_NEAR(std::log(learner.model().link.alpha_s / world.truth.link.alpha_s), 0, 0.15);
}

}  // namespace
}  // namespace pliant

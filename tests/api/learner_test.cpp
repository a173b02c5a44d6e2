// The learner on networks that are simulated: what it finds, what it chooses, and what it never does.
#include "api/learner.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <string>

namespace pliant {
namespace {

constexpr ComputeModel kCompute = {.gamma_s_per_byte = 0.1e-9,
                                   .select_s_per_element = 1e-9,
                                   .apply_s_per_element = 0.1e-9,
                                   .pair_s_per_element = 2e-9,
                                   .drain_s_per_element = 0.5e-9,
                                   .codec_s_per_index = {1e-9, 2e-9, 4e-9, 10e-9}};

/// A communicator whose network is computed.
class World {
 public:
  explicit World(const LinkModel& link, double noise = 0.1)
      : truth{.link = link, .compute = kCompute}, noise_(noise) {}

  /// One call, exact; returns the algorithm it took.
  const AllreduceAlgorithm& call(Learner& learner, std::int64_t count) {
    const SelectionRequest request{.shape = {.ranks = 8, .count = count}};
    const CandidateList list =
        rank_candidates(request, AlgorithmFilter(), learner.model(), &learner.corrections());
    last = learner.choose(list.all(), request.shape);
    const AllreduceAlgorithm& algorithm = *list.items[last.index].algorithm;
    const double wrong = wrong_by.contains(&algorithm) ? wrong_by[&algorithm] : 1;
    lesson =
        learner.learn(algorithm, request.shape,
                      algorithm.cost_s(request.shape, truth) * wrong * std::exp(noise_ * normal_(random_)));
    alarms += lesson.alarm ? 1 : 0;
    time_s += algorithm.cost_s(request.shape, truth) * wrong;
    return algorithm;
  }

  void messages(Learner& learner) {
    while (const auto bytes = learner.wanted_message(8)) {
      const double one_way_s = truth.link.alpha_s + static_cast<double>(*bytes) * truth.link.beta_s_per_byte;
      learner.learn_message(*bytes, 8, one_way_s * std::exp(noise_ * normal_(random_)));
      messages_s += 2 * one_way_s;
      ++asked;
    }
  }

  CostModel truth;
  std::map<const AllreduceAlgorithm*, double> wrong_by;
  Choice last;
  Lesson lesson;
  int alarms = 0;
  int asked = 0;
  double time_s = 0, messages_s = 0;

 private:
  double noise_;
  std::mt19937_64 random_{1};
  std::normal_distribution<double> normal_;
};

constexpr LinkModel kFast{.alpha_s = 100e-6, .beta_s_per_byte = 8e-10};
constexpr LinkModel kSlow{.alpha_s = 100e-6, .beta_s_per_byte = 8e-9};

Learner learner_of(const LinkModel& link) {
  return Learner({.link = link, .compute = kCompute});
}

TEST(Learner, FindsANetworkThatBecameTenTimesSlower) {
  World world(kFast);
  Learner learner = learner_of(kFast);
  for (int i = 0; i < 50; ++i) world.call(learner, 1'000'000), world.messages(learner);
  EXPECT_EQ(world.alarms, 0);
  world.truth.link = kSlow;
  int calls = 0;
  while (world.alarms == 0 && calls < 20) world.call(learner, 1'000'000), ++calls;
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
  // It is the formula that was wrong, not the network.
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
  const AllreduceShape shape{.ranks = 8, .count = 1000};
  const AllreduceAlgorithm& ring = *find_algorithm("ring");
  for (const double time_s :
       {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    const Lesson lesson = learner.learn(ring, shape, time_s);
    EXPECT_EQ(lesson.innovation.verdict, Verdict::refused);
    EXPECT_FALSE(lesson.changed);
  }
  EXPECT_EQ(learner.model().link, kFast);
  EXPECT_EQ(learner.corrections().learned(), 0);
}

// Whatever it is told, it chooses something, and the network it believes in can be.
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

}  // namespace
}  // namespace pliant

// Saving and loading a learner, and what a restart does to it.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "planner/learning/learner.hpp"
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

/// A learner after a restart, with the cost model as measured at that time.
Learner restarted(const Learner& learner, const LinkModel& measured) {
  Learner next = learner_of(measured);
  EXPECT_TRUE(next.restore(learner.state()));
  return next;
}

CandidateList candidates_of(const Learner& learner, std::int64_t count) {
  return rank_candidates({.shape = {{.ranks = 8}, {.count = count}}}, AlgorithmFilter(), learner.model(),
                         &learner.corrections());
}

std::map<std::int64_t, const AllreduceAlgorithm*> in_use(const Learner& learner) {
  std::map<std::int64_t, const AllreduceAlgorithm*> all;
  for (const Learner::Place& place : learner.state().places)
    if (place.count > 0) all[place.count] = place.current.algorithm;
  return all;
}

TEST(Learner, ARestoredOnePredictsAndChoosesAsBefore) {
  World world(kSlow);
  world.wrong_by[find_algorithm("ring")] = 1.4;
  Learner learner = learner_of(kFast);
  const std::array<std::int64_t, 4> counts = {1'000, 30'000, 1'000'000, 20'000'000};
  for (int i = 0; i < 400; ++i) world.call(learner, counts[static_cast<std::size_t>(i) % 4]);
  Learner next = restarted(learner, kFast);
  EXPECT_EQ(next.model(), learner.model());
  EXPECT_EQ(next.estimator().state().value, learner.estimator().state().value);
  for (const std::int64_t count : counts) {
    const CandidateList before = candidates_of(learner, count);
    const CandidateList after = candidates_of(next, count);
    ASSERT_EQ(before.used, after.used);
    for (std::size_t i = 0; i < before.used; ++i) {
      EXPECT_EQ(before.items[i].algorithm, after.items[i].algorithm);
      EXPECT_EQ(before.items[i].predicted_s, after.items[i].predicted_s);
    }
    // Explorations may differ, since a budget earned later pays for them. The current algorithm does not.
    const AllreduceShape shape{{.ranks = 8}, {.count = count}};
    learner.choose(before.all(), shape);
    next.choose(after.all(), shape);
  }
  EXPECT_EQ(in_use(next), in_use(learner));
  EXPECT_EQ(next.drift().level(), 0);
  EXPECT_GE(next.estimator().beta_error(), Learner::kRestart);
  EXPECT_LT(next.estimator().beta_error(), learner.estimator().beta_error() + Learner::kRestart);
}

// Saves what was loaded, except for what a restart makes doubtful.
TEST(Learner, SavedTwiceIsSavedOnce) {
  World world(kSlow);
  Learner learner = learner_of(kSlow);
  for (int i = 0; i < 100; ++i) world.call(learner, i % 2 == 0 ? 1'000 : 1'000'000);
  const Learner::State once = learner.state();
  const Learner::State twice = restarted(learner, kFast).state();
  EXPECT_EQ(once.link, twice.link);
  EXPECT_EQ(once.learned, twice.learned);
  for (std::size_t i = 0; i < once.places.size(); ++i) {
    EXPECT_EQ(once.places[i].count, twice.places[i].count);
    EXPECT_EQ(once.places[i].current.algorithm, twice.places[i].current.algorithm);
    EXPECT_EQ(once.places[i].current.calls, twice.places[i].current.calls);
    EXPECT_EQ(once.places[i].current.spent, twice.places[i].current.spent);
  }
  for (std::size_t a = 0; a < once.corrections.size(); ++a)
    for (std::size_t c = 0; c < Corrections::kClasses; ++c) {
      EXPECT_EQ(once.corrections[a][c].log_factor, twice.corrections[a][c].log_factor);
      EXPECT_EQ(once.corrections[a][c].learned_at, twice.corrections[a][c].learned_at);
    }
}

/// Calls until predictions are within 20 %, on a network `times` as slow as the learned one.
int calls_to_overcome(double times) {
  World world(kSlow);
  Learner learner = learner_of(kSlow);
  for (int i = 0; i < 200; ++i) world.call(learner, 1'000'000), world.messages(learner);
  Learner next = restarted(learner, kSlow);
  world.truth.link.alpha_s *= times;
  world.truth.link.beta_s_per_byte *= times;
  const AllreduceShape shape{{.ranks = 8}, {.count = 1'000'000}};
  for (int calls = 1; calls < 100; ++calls) {
    const AllreduceAlgorithm& algorithm = world.call(next, shape.count);
    world.messages(next);
    const auto place = std::find(kAlgorithms.begin(), kAlgorithms.end(), &algorithm) - kAlgorithms.begin();
    const double factor = next.corrections().of(static_cast<std::size_t>(place), shape).factor;
    const double predicted_s = factor * algorithm.cost_s(shape, next.model());
    if (std::abs(std::log(predicted_s / algorithm.cost_s(shape, world.truth))) < 0.2) return calls;
  }
  return 100;
}

TEST(Learner, ALoadedStateOfAnotherNetworkIsOvercomeWithinTenCalls) {
  for (const double times : {0.05, 0.2, 0.5, 1.0, 2.0, 5.0, 20.0})
    EXPECT_LE(calls_to_overcome(times), times < 0.5 ? 10 : 2) << times;
}

TEST(Learner, ALoadedFormulaThatNoLongerHoldsIsOvercome) {
  World world(kSlow);
  Learner learner = learner_of(kSlow);
  const AllreduceAlgorithm* const first = &world.call(learner, 1'000'000);
  world.wrong_by[first] = 3;
  for (int i = 0; i < 200; ++i) world.call(learner, 1'000'000), world.messages(learner);
  world.wrong_by.clear();
  Learner next = restarted(learner, kSlow);
  for (int i = 0; i < 60; ++i) world.call(next, 1'000'000), world.messages(next);
  EXPECT_LE(world.truth.link.beta_s_per_byte / next.model().link.beta_s_per_byte, 1.2);
  EXPECT_GE(world.truth.link.beta_s_per_byte / next.model().link.beta_s_per_byte, 0.8);
}

TEST(Learner, RefusesStatesThatCannotBe) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  World world(kSlow);
  Learner learner = learner_of(kSlow);
  for (int i = 0; i < 50; ++i) world.call(learner, 1'000'000);
  const Learner::State good = learner.state();
  const auto used =
      std::find_if(good.places.begin(), good.places.end(), [](const auto& p) { return p.count > 0; });
  ASSERT_NE(used, good.places.end());
  const auto place = static_cast<std::size_t>(used - good.places.begin());
  const std::array<void (*)(Learner::State&, std::size_t), 16> damages = {
      [](Learner::State& s, std::size_t) { s.estimator.value[0] = kNan; },
      [](Learner::State& s, std::size_t) { s.estimator.value[1] = 0; },
      [](Learner::State& s, std::size_t) { s.estimator.covariance[0] = -1; },
      [](Learner::State& s, std::size_t) { s.estimator.covariance[1] = kNan; },
      [](Learner::State& s, std::size_t) { s.estimator.covariance[2] = kInfinity; },
      [](Learner::State& s, std::size_t) { s.estimator.noise_variance = 0; },
      [](Learner::State& s, std::size_t) { s.estimator.observations = -1; },
      [](Learner::State& s, std::size_t) { s.link.alpha_s = kInfinity; },
      [](Learner::State& s, std::size_t) { s.link.beta_s_per_byte = -1; },
      [](Learner::State& s, std::size_t) { s.link.gap_s = 1; },
      [](Learner::State& s, std::size_t) { s.corrections[3][7] = {.log_factor = 3, .variance = 0.01F}; },
      [](Learner::State& s, std::size_t) { s.corrections[3][7] = {.variance = 1}; },
      [](Learner::State& s, std::size_t) { s.corrections[3][7] = {.variance = 0, .learned_at = 1'000'000}; },
      [](Learner::State& s, std::size_t) { s.learned = -1; },
      [](Learner::State& s, std::size_t i) { s.places[i].current.calls = -1; },
      [](Learner::State& s, std::size_t i) { s.places[i].current.spent = kNan; }};
  Learner other = learner_of(kFast);
  for (std::size_t i = 0; i < damages.size(); ++i) {
    Learner::State bad = good;
    damages[i](bad, place);
    EXPECT_FALSE(other.restore(bad)) << i;
    EXPECT_EQ(other.model().link, kFast) << i;
    EXPECT_EQ(other.estimator().state().value[0], kFast.alpha_s) << i;
    EXPECT_EQ(other.corrections().learned(), 0) << i;
  }
  EXPECT_TRUE(other.restore(good));
}

}  // namespace
}  // namespace pliant

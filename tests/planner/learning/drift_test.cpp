// Changes of simulated links: how soon they are detected, and how often a change is reported without one.
#include "planner/learning/drift.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "core/stats.hpp"
#include "tests/planner/learning/simulated_link.hpp"

namespace pliant {
namespace {

using test::SimulatedLink;

/// An estimator and its detector, used together.
class Watch {
 public:
  explicit Watch(const LinkModel& link) { estimator_.reset(link, 0.1, 0.1); }

  std::optional<NetworkChange> see(const Observation& observation) {
    const auto change = drift_.observe(estimator_.observe(observation));
    if (change) estimator_.doubt(change->alpha, change->beta);
    return change;
  }

 private:
  LinkEstimator estimator_;
  DriftDetector drift_;
};

/// Changes reported for a link that does not change.
int false_detections(double noise, int calls) {
  constexpr int kLinks = 10;
  int changes = 0;
  for (std::uint64_t seed = 0; seed < kLinks; ++seed) {
    SimulatedLink link(seed, test::some_link(seed), noise);
    Watch watch(link.link);
    for (int call = 0; call < calls / kLinks; ++call) changes += watch.see(link.mixed()) ? 1 : 0;
  }
  return changes;
}

TEST(Drift, FewerThanOneFalseAlarmIn10000Calls) {
  for (const double noise : {0.05, 0.1, 0.2}) {
    constexpr int kCalls = 1'000'000;
    const int changes = false_detections(noise, kCalls);
    RecordProperty("noise" + std::to_string(noise), changes);
    EXPECT_LT(changes, kCalls / 10'000) << noise;
  }
}

struct Change {
  const char* name;
  double alpha, beta;  ///< factors of the change
  double balance;      ///< length of a call affected by it, as a multiple of SimulatedLink::balance()
};

constexpr std::array kChanges = {
    Change{"beta twice", 1, 2, 30},         Change{"alpha twice", 2, 1, 1 / 30.0},
    Change{"both twice", 2, 2, 1},          Change{"beta half", 1, 0.5, 30},
    Change{"alpha half", 0.5, 1, 1 / 30.0}, Change{"both half", 0.5, 0.5, 1}};

/// Calls from a change to its detection, for many links.
template <class Call>
std::vector<double> delays(const Change& change, double noise, Call&& call) {
  std::vector<double> found;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    SimulatedLink link(seed, test::some_link(seed), noise);
    Watch watch(link.link);
    const double bytes = link.balance() * change.balance;
    for (int i = 0; i < 100; ++i) watch.see(call(link, bytes));
    link.link.alpha_s *= change.alpha;
    link.link.beta_s_per_byte *= change.beta;
    int delay = 1;
    while (delay < 100 && !watch.see(call(link, bytes))) ++delay;
    found.push_back(delay);
  }
  return found;
}

double share_within_5(const std::vector<double>& delays) {
  double within = 0;
  for (const double delay : delays) within += delay <= 5 ? 1 : 0;
  return within / static_cast<double>(delays.size());
}

// Calls dominated by the changed parameter. With 20 % noise, a factor of 2 is 3.5 standard deviations of one
// call.
TEST(Drift, TwofoldChangesAreNoticedWithinFiveCallsThatSeeThem) {
  for (const double noise : {0.05, 0.1, 0.2}) {
    for (const Change& change : kChanges) {
      const auto found =
          delays(change, noise, [](SimulatedLink& link, double bytes) { return link.ring(bytes); });
      RecordProperty(change.name + std::to_string(noise), std::to_string(share_within_5(found)));
      EXPECT_LE(median(found), 3) << change.name << noise;
      EXPECT_GE(share_within_5(found), noise > 0.1 ? 0.85 : 0.99) << change.name << noise;
    }
  }
}

// Calls of all lengths, a third of which hardly depend on the changed parameter.
TEST(Drift, TwofoldChangesAreNoticedInAMixtureOfLengths) {
  for (const double noise : {0.05, 0.1, 0.2}) {
    for (const Change& change : kChanges) {
      const auto found = delays(change, noise, [](SimulatedLink& link, double) { return link.mixed(); });
      const bool both = change.alpha == change.beta;
      RecordProperty(change.name + std::to_string(noise), std::to_string(share_within_5(found)));
      EXPECT_LE(median(found), both ? 3 : noise > 0.1 ? 9 : 5) << change.name << noise;
    }
  }
}

TEST(Drift, SaysWhatChanged) {
  for (const Change& change : kChanges) {
    SimulatedLink link(7, {.alpha_s = 1e-3, .beta_s_per_byte = 8e-9}, 0.02);
    Watch watch(link.link);
    for (int i = 0; i < 100; ++i) watch.see(link.mixed());
    link.link.alpha_s *= change.alpha;
    link.link.beta_s_per_byte *= change.beta;
    std::optional<NetworkChange> detected;
    for (int i = 0; i < 20 && !detected; ++i) detected = watch.see(link.mixed());
    ASSERT_TRUE(detected) << change.name;
    EXPECT_TRUE(!detected->alpha || change.alpha != 1 || change.beta != 1) << change.name;
    EXPECT_TRUE(detected->alpha || change.alpha == 1) << change.name;
    EXPECT_TRUE(detected->beta || change.beta == 1) << change.name;
    EXPECT_EQ(detected->slower, change.alpha > 1 || change.beta > 1) << change.name;
  }
}

TEST(Drift, WhatOneLengthCannotTellApartIsAllDoubted) {
  SimulatedLink link(7, {.alpha_s = 1e-3, .beta_s_per_byte = 8e-9}, 0.05);
  Watch watch(link.link);
  const double bytes = link.balance();
  for (int i = 0; i < 100; ++i) watch.see(link.ring(bytes));
  link.link.beta_s_per_byte *= 3;
  std::optional<NetworkChange> change;
  for (int i = 0; i < 10 && !change; ++i) change = watch.see(link.ring(bytes));
  ASSERT_TRUE(change);
  EXPECT_TRUE(change->alpha && change->beta && change->slower);
}

TEST(Drift, CallsThatHungRaiseHardlyAnAlarm) {
  SimulatedLink link(3, {.alpha_s = 1e-3, .beta_s_per_byte = 8e-9}, 0.1);
  Watch watch(link.link);
  int changes = 0;
  for (int i = 0; i < 10'000; ++i) {
    Observation observation = link.mixed();
    if (i % 20 == 10) observation.time_s *= i % 40 == 10 ? 1000 : 1e-3;  // a clock step either way
    if (i % 7 == 0) observation.time_s = -1;
    changes += watch.see(observation) ? 1 : 0;
  }
  EXPECT_LE(changes, 2);  // of 500
}

TEST(Drift, ARankThatIs100TimesSlowerIsNoticedAndForgotten) {
  SimulatedLink link(3, {.alpha_s = 1e-3, .beta_s_per_byte = 8e-9}, 0.1);
  Watch watch(link.link);
  const auto alarm_within = [&](int calls, double factor) {
    int changes = 0;
    for (int i = 0; i < calls; ++i) {
      Observation observation = link.mixed();
      observation.time_s *= factor;
      changes += watch.see(observation) ? 1 : 0;
    }
    return changes;
  };
  EXPECT_EQ(alarm_within(100, 1), 0);
  EXPECT_GE(alarm_within(3, 100), 1);
  alarm_within(30, 100);
  EXPECT_EQ(alarm_within(100, 100), 0);  // it is the network now
  EXPECT_GE(alarm_within(3, 1), 1);
  alarm_within(30, 1);
  EXPECT_EQ(alarm_within(100, 1), 0);
}

}  // namespace
}  // namespace pliant

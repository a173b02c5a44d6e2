// Schedules by a rule. c1 and c2 come from "Flexible Communication", section 3-E1 and figure 6b.
#include "apps/netlab/schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/netlab/support.hpp"

namespace pliant::netlab {
namespace {

struct Step {
  double time_s;
  double delay_s;
  double bits_per_s;
};

const std::vector<Step> kC1 = {{0, 0.001, 25e9}, {12, 0.001, 1e9}, {24, 0.050, 1e9}, {36, 0.050, 25e9}};
const std::vector<Step> kC2 = {{0, 0.001, 25e9},  {4, 0.002, 20e9},  {8, 0.004, 15e9}, {12, 0.008, 10e9},
                               {16, 0.016, 5e9},  {20, 0.032, 1e9},  {28, 0.016, 5e9}, {32, 0.008, 10e9},
                               {36, 0.004, 15e9}, {40, 0.002, 20e9}, {44, 0.001, 25e9}};

const LinkSettings kLink = {100e6, 40e6, 0.003, 0.0001, 1 << 20};

ScheduleOptions options_of(const std::string& name) {
  ScheduleOptions options;
  options.name = name;
  options.link = kLink;
  options.hosts = 3;
  return options;
}

/// Takes and returns the next change.
Change take(Schedule& schedule) {
  Change change = schedule.front().value();
  schedule.pop();
  return change;
}

LinkSettings applied(const Change& change) {
  LinkSettings settings = kLink;
  assign(change.assignments, settings);
  return settings;
}

void expect_steps(const ScheduleOptions& options, const std::vector<Step>& steps) {
  Schedule schedule = make_schedule(options);
  for (const Step& step : steps) {
    ASSERT_TRUE(schedule.front());
    const Change change = take(schedule);
    EXPECT_DOUBLE_EQ(change.time_s, step.time_s);
    EXPECT_EQ(change.hosts, (std::vector<int>{0, 1, 2}));
    const LinkSettings settings = applied(change);
    EXPECT_DOUBLE_EQ(settings.up_bits_per_s, step.bits_per_s);
    EXPECT_DOUBLE_EQ(settings.down_bits_per_s, step.bits_per_s);
    EXPECT_DOUBLE_EQ(settings.delay_s, step.delay_s);
    EXPECT_EQ(settings.jitter_s, kLink.jitter_s);
    EXPECT_EQ(settings.queue_bytes, kLink.queue_bytes);
  }
  EXPECT_FALSE(schedule.front()) << "it ends after the last step";
  schedule.pop();
  EXPECT_FALSE(schedule.front());
}

/// Up-link factors of the first `count` steps. Checks the properties that all rules share.
std::vector<double> factors(const ScheduleOptions& options, int count) {
  Schedule schedule = make_schedule(options);
  std::vector<double> found;
  for (int i = 0; i < count; ++i) {
    const Change change = take(schedule);
    EXPECT_DOUBLE_EQ(change.time_s, i * options.step_s);
    EXPECT_EQ(change.hosts, (std::vector<int>{0, 1, 2}));
    const LinkSettings settings = applied(change);
    EXPECT_DOUBLE_EQ(settings.up_bits_per_s / 100e6, settings.down_bits_per_s / 40e6);
    EXPECT_EQ(settings.delay_s, kLink.delay_s);
    found.push_back(settings.up_bits_per_s / 100e6);
  }
  return found;
}

TEST(Schedule, NoNameIsNoChange) {
  EXPECT_FALSE(make_schedule({}).front());
}

TEST(Schedule, C1HasThePapersSteps) {
  expect_steps(options_of("c1"), kC1);
}

TEST(Schedule, C2HasThePapersSteps) {
  expect_steps(options_of("c2"), kC2);
}

TEST(Schedule, C1AndC2AreScaledInTimeRateAndDelay) {
  for (const auto& [name, steps] : {std::pair{"c1", kC1}, std::pair{"c2", kC2}}) {
    ScheduleOptions options = options_of(name);
    options.step_s = 0.25;
    options.rate_scale = 0.01;
    options.delay_scale = 0.5;
    std::vector<Step> scaled = steps;
    for (Step& step : scaled) step = {step.time_s * 0.25, step.delay_s * 0.5, step.bits_per_s * 0.01};
    expect_steps(options, scaled);
  }
}

TEST(Schedule, SineFallsToItsLowestAndRisesAgainIn20Steps) {
  ScheduleOptions options = options_of("sine");
  options.low = 0.25;
  options.step_s = 0.5;
  const std::vector<double> found = factors(options, 61);
  EXPECT_DOUBLE_EQ(found[0], 1);
  EXPECT_DOUBLE_EQ(found[10], 0.25);
  EXPECT_DOUBLE_EQ(found[20], 1);
  EXPECT_DOUBLE_EQ(found[5], 0.625);  // half way
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_GT(found[i], found[i + 1]);
    EXPECT_LT(found[i + 10], found[i + 11]);
    EXPECT_NEAR(found[i], found[20 - i], 1e-12);
    EXPECT_NEAR(found[i], found[i + 40], 1e-12);
  }
}

TEST(Schedule, StepTakesTurnsBetweenTheRateAndItsLowest) {
  ScheduleOptions options = options_of("step");
  options.low = 0.1;
  options.step_s = 2;
  const std::vector<double> found = factors(options, 100);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_DOUBLE_EQ(found[i], i % 2 == 0 ? 1 : 0.1);
}

TEST(Schedule, WalkIsDecidedByItsSeed) {
  ScheduleOptions options = options_of("walk");
  const std::vector<double> first = factors(options, 200);
  EXPECT_EQ(factors(options, 200), first);
  options.seed = 2;
  EXPECT_NE(factors(options, 200), first);
}

TEST(Schedule, WalkStartsAtTheRateAndStaysWithinItsBounds) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
    ScheduleOptions options = options_of("walk");
    options.low = 0.3;
    options.seed = seed;
    const std::vector<double> found = factors(options, 2000);
    EXPECT_EQ(found.front(), 1);
    constexpr double kRounding = 1e-12;
    EXPECT_NEAR(*std::ranges::min_element(found), 0.3, kRounding);
    EXPECT_NEAR(*std::ranges::max_element(found), 1, kRounding);
    for (const double factor : found) {
      EXPECT_GE(factor, 0.3 - kRounding);
      EXPECT_LE(factor, 1 + kRounding);
    }
  }
}

/// Away from the bounds, the logarithm of a step's factor has standard deviation 0.3 and no drift.
TEST(Schedule, WalkIsALogarithmicRandomWalk) {
  ScheduleOptions options = options_of("walk");
  options.low = 1e-4;
  const std::vector<double> found = factors(options, 20'000);
  double sum = 0;
  double squares = 0;
  double steps = 0;
  for (std::size_t i = 1; i < found.size(); ++i) {
    // At six deviations from either bound, a step cannot have been clipped.
    if (found[i - 1] > 0.16 || found[i - 1] < 6.1e-4) continue;
    const double step = std::log(found[i] / found[i - 1]);
    sum += step;
    squares += step * step;
    ++steps;
  }
  ASSERT_GT(steps, 5000);
  EXPECT_NEAR(std::sqrt(squares / steps), 0.3, 5 * 0.3 / std::sqrt(2 * steps));
  EXPECT_NEAR(sum / steps, 0, 5 * 0.3 / std::sqrt(steps));
}

TEST(Schedule, EveryBuiltInOneIsTestedHere) {
  std::string names;
  for (const BuiltInSchedule& schedule : built_in_schedules()) {
    names.append(schedule.name).append(" ");
    EXPECT_FALSE(schedule.summary.empty());
    EXPECT_TRUE(make_schedule(options_of(std::string(schedule.name))).front());
  }
  EXPECT_EQ(names, "c1 c2 sine step walk ");
}

}  // namespace
}  // namespace pliant::netlab

// The policy's memory changes no answer. Also, when magnitudes are counted again.
#include "planner/density/memory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "tests/planner/density/gains.hpp"

namespace pliant {
namespace {

void expect_same(const PolicyDecision& a, const PolicyDecision& b) {
  EXPECT_EQ(a.kept, b.kept);
  EXPECT_EQ(a.lossy, b.lossy);
  EXPECT_EQ(a.feasible, b.feasible);
  EXPECT_EQ(a.floored, b.floored);
  EXPECT_STREQ(a.why_exact, b.why_exact);
}

TEST(PolicyMemo, AnswersAsIfItRememberedNothing) {
  std::mt19937 random(1);
  const std::array<AlgorithmFilter, 2> filters = {AlgorithmFilter("auto"),
                                                  AlgorithmFilter("star_ring, ring")};
  const std::array<GainModel, 2> gains = {test::model_of(200'000, 1), test::model_of(200'000, 3)};
  PolicyMemo memo;
  for (int i = 0; i < 1'500; ++i) {
    SCOPED_TRACE(i);
    // One input changes now and then; mostly there is only noise.
    std::array<bool, 8> now{};
    for (bool& flag : now) flag = random() % 20 == 0;
    Settings settings = test::usual_settings();
    settings.density = now[0] ? 0.2 : 0.01;
    settings.time_budget_s = now[1] ? 0.05 : 0.004;
    settings.min_gain = now[2] ? 0.7 : 0;
    settings.error_feedback = now[3] ? "ef21" : "ef14";
    CostModel model = test::kModel;
    if (now[4]) model.link.beta_s_per_byte *= 20;
    ChoiceInput input{.settings = settings,
                      .filter = filters[now[6] ? 1 : 0],
                      .shape = {{.ranks = now[5] ? 16 : 4}, {.count = 200'000}},
                      .model = &model,
                      .compute_s = 1e-3 * (1 + 0.01 * static_cast<double>(random() % 12)),
                      .margin = 1 + 0.02 * static_cast<double>(random() % 3),
                      .gain = random() % 20 == 0 ? nullptr : &gains[now[7] ? 1 : 0]};
    const Policy& policy = *policies()[random() % 10 == 0 ? random() % policies().size() : 1];
    expect_same(memo.decide(policy, input), decide_kept(policy, coarsened(input)));
  }
}

TEST(Coarsened, RoundsUpByLessThanASixtyFourth) {
  const Settings settings = test::usual_settings();
  const AlgorithmFilter filter;
  for (const double value : {0.0, 1e-9, 0.013, 1.0, 1.001, 1.999, 2.0, 1e6}) {
    const ChoiceInput coarse = coarsened({.settings = settings,
                                          .filter = filter,
                                          .shape = {},
                                          .model = &test::kModel,
                                          .compute_s = value,
                                          .margin = value});
    for (const double rounded : {coarse.compute_s, coarse.margin}) {
      EXPECT_GE(rounded, value);
      EXPECT_LE(rounded, value * (1 + 1.0 / 64));
    }
  }
}

TEST(PolicyMemory, CountsAgainWhenTheGainHasMoved) {
  PolicyMemory memory;
  EXPECT_FALSE(memory.is_count_due(0.9, 5)) << "the first after agreeing is what others are compared with";
  for (const std::int64_t operations : {6, 15, 16, 100, 255}) {
    EXPECT_FALSE(memory.is_count_due(0.9, operations));
    EXPECT_FALSE(memory.is_count_due(0.82, operations));
    EXPECT_EQ(memory.is_count_due(0.8, operations), operations >= PolicyMemory::kCountEvery);
    EXPECT_EQ(memory.is_count_due(1.0, operations), operations >= PolicyMemory::kCountEvery);
    EXPECT_FALSE(memory.is_count_due(0, operations)) << "an exact operation says nothing of the gain";
  }
  EXPECT_TRUE(memory.is_count_due(0.9, PolicyMemory::kCountAtLeastEvery));
  EXPECT_TRUE(memory.is_count_due(0, PolicyMemory::kCountAtLeastEvery));
}

TEST(PolicyMemory, RanksTellModelsApart) {
  PolicyMemory one, same, other;
  EXPECT_EQ(one.fingerprint, 0);
  const GainModel model = test::model_of(1'000, 2);
  one.agree(model.gains(), 1'000);
  same.agree(model.gains(), 1'000);
  auto gains = model.gains();
  gains[7] = std::nextafter(gains[7], 1.0);
  other.agree(gains, 1'000);
  EXPECT_EQ(one.fingerprint, same.fingerprint);
  EXPECT_NE(one.fingerprint, other.fingerprint);
  EXPECT_GT(one.fingerprint, 0);
}

TEST(PolicyMemory, WhatWasCountedIsToBeAgreedOn) {
  PolicyMemory memory;
  memory.since_count = 77;
  memory.achieved_at_first = 0.5;
  memory.count(test::curve_of(test::gradient_of(1'000, 2)), 1'000);
  EXPECT_TRUE(memory.counted && memory.fresh);
  EXPECT_EQ(memory.since_count, 0);
  memory.agree(memory.own.gains(), 1'000);
  EXPECT_TRUE(memory.counted && !memory.fresh);
  EXPECT_EQ(memory.achieved_at_first, 0);
  EXPECT_EQ(memory.agreed, memory.own);
}

TEST(PolicyMemory, GoesOnWhereItWasSaved) {
  PolicyMemory memory;
  EXPECT_EQ(memory.state(), PolicyMemory::State{});
  memory.count(test::curve_of(test::gradient_of(1'000, 2)), 1'000);
  memory.agree(memory.own.gains(), 1'000);
  memory.since_count = 12;
  memory.achieved = 0.9;
  EXPECT_FALSE(memory.is_count_due(0.9, 12));
  for (int i = 1; i < 30; ++i) memory.margin.add(1.0 + 0.01 * i, 1.0);
  PolicyMemory next;
  ASSERT_TRUE(next.restore(memory.state(), 1'000));
  EXPECT_EQ(next.state(), memory.state());
  EXPECT_EQ(next.own, memory.own);
  EXPECT_EQ(next.agreed, memory.agreed);
  EXPECT_EQ(next.fingerprint, memory.fingerprint);
  EXPECT_EQ(next.margin.factor(), memory.margin.factor());
  for (const double achieved : {0.9, 0.82, 0.8, 1.0})
    EXPECT_EQ(next.is_count_due(achieved, 20), memory.is_count_due(achieved, 20));
  // The gain was predicted to be 0.
  memory.achieved = std::numeric_limits<double>::infinity();
  ASSERT_TRUE(next.restore(memory.state(), 1'000));
  EXPECT_EQ(next.achieved, 0);
}

TEST(PolicyMemory, RefusesStatesThatCannotBe) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  PolicyMemory memory;
  memory.count(test::curve_of(test::gradient_of(1'000, 2)), 1'000);
  const PolicyMemory::State good = memory.state();
  const std::array<void (*)(PolicyMemory::State&), 9> damages = {
      [](PolicyMemory::State& s) { s.own[3] = kNan; },
      [](PolicyMemory::State& s) { s.agreed[3] = 1.5; },
      [](PolicyMemory::State& s) { s.since_count = -1; },
      [](PolicyMemory::State& s) { s.achieved = -1; },
      [](PolicyMemory::State& s) { s.achieved_at_first = kNan; },
      [](PolicyMemory::State& s) { s.margin.mean = kNan; },
      [](PolicyMemory::State& s) { s.margin.mean = 1e9; },
      [](PolicyMemory::State& s) { s.margin.variance = -1; },
      [](PolicyMemory::State& s) { s.margin.seen = 1'000; }};
  PolicyMemory other;
  for (std::size_t i = 0; i < damages.size(); ++i) {
    PolicyMemory::State bad = good;
    damages[i](bad);
    EXPECT_FALSE(other.restore(bad, 1'000)) << i;
    EXPECT_EQ(other.state(), PolicyMemory::State{}) << i;
  }
}

}  // namespace
}  // namespace pliant

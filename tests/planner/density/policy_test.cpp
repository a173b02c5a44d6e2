// Policies are pure functions, checked against a search over all k.
#include "planner/density/policy.hpp"
#include "planner/selector.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "compress/topk.hpp"
#include "tests/planner/density/gains.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/selection.hpp"

namespace pliant {
namespace {

using test::rank_candidates;
using test::SelectionRequest;

using test::kModel;

AllreduceShape shape_of(std::int64_t count, int ranks = 4) {
  return {{.ranks = ranks}, {.count = count}};
}

AllreduceShape with_kept(AllreduceShape shape, std::int64_t kept) {
  shape.kept = kept;
  return shape;
}

struct BudgetCase {
  AllreduceShape shape;
  CostModel model = kModel;
  std::string filter = "auto";
  double budget_s = 0;
  double compute_s = 0;
  double margin = 1;
};

PolicyDecision budget(const BudgetCase& item) {
  Settings settings;
  settings.time_budget_s = item.budget_s;
  const AlgorithmFilter filter(item.filter);
  return budget_policy.decide({.settings = settings,
                               .filter = filter,
                               .shape = item.shape,
                               .model = &item.model,
                               .compute_s = item.compute_s,
                               .margin = item.margin});
}

/// [s] of the cheapest allowed algorithm of a kind.
double cheapest_s(const BudgetCase& item, std::int64_t kept, bool exact) {
  const SelectionRequest request{.shape = with_kept(item.shape, kept), .lossy = !exact, .exact = exact};
  const CandidateList list = rank_candidates(request, AlgorithmFilter(item.filter), item.model);
  return list.used == 0 ? std::numeric_limits<double>::infinity() : list.items[0].predicted_s;
}

PolicyDecision by_searching_all(const BudgetCase& item) {
  const double available_s = item.budget_s - item.compute_s;
  const std::int64_t count = item.shape.count;
  const std::int64_t least = kept_count(count, kLeastDensity);
  if (cheapest_s(item, count, /*exact=*/true) <= available_s) return {.kept = count, .lossy = false};
  for (std::int64_t kept = count; kept >= least; --kept)
    if (cheapest_s(item, kept, /*exact=*/false) <= available_s) return {.kept = kept};
  return {.kept = least, .lossy = true, .feasible = false};
}

void expect_same(const PolicyDecision& actual, const PolicyDecision& expected) {
  EXPECT_EQ(actual.kept, expected.kept);
  EXPECT_EQ(actual.lossy, expected.lossy);
  EXPECT_EQ(actual.feasible, expected.feasible);
}

TEST(Policies, AreFoundByName) {
  for (const Policy* policy : policies()) {
    EXPECT_EQ(&find_policy(policy->name), policy);
    EXPECT_FALSE(policy->summary.empty());
  }
  const std::string text = test::error_text(ErrorClass::info_value, [] { find_policy("kimad"); });
  EXPECT_TRUE(text.starts_with("pliant_policy = kimad (")) << text;
  for (const Policy* policy : policies()) EXPECT_NE(text.find(policy->name), std::string::npos) << text;
}

TEST(Fixed, KeepsTheDensityGiven) {
  const AlgorithmFilter filter;
  for (const double density : {1e-6, 0.01, 0.5, 1.0}) {
    Settings settings;
    settings.density = density;
    const PolicyDecision decision = fixed_policy.decide(
        {.settings = settings, .filter = filter, .shape = shape_of(12'345), .model = &kModel});
    expect_same(decision, {.kept = kept_count(12'345, density), .lossy = density < 1});
  }
}

TEST(Budget, IsTheBestOfAllK) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> exponent(-1, 1);
  int everything = 0, something = 0, infeasible = 0;
  for (int i = 0; i < 200; ++i) {
    BudgetCase item{.shape = shape_of(1 + random() % 700, 2 + static_cast<int>(random() % 12))};
    item.model.link.alpha_s *= std::pow(10, exponent(random));
    item.model.link.beta_s_per_byte *= 100 * std::pow(10, exponent(random));
    item.filter = i % 3 == 0 ? "auto" : i % 3 == 1 ? "^mpi,^rabenseifner,^ring,^tree" : "star_tree,ring";
    item.compute_s = 1e-3;
    item.budget_s = item.compute_s + 1e-3 * std::pow(10, exponent(random));
    SCOPED_TRACE(i);
    const PolicyDecision decision = budget(item);
    expect_same(decision, by_searching_all(item));
    ++(!decision.feasible ? infeasible : decision.lossy ? something : everything);
  }
  EXPECT_GT(std::min({everything, something, infeasible}), 20) << "the cases do not cover every outcome";
}

TEST(Budget, FitsAndOneMoreWouldNot) {
  BudgetCase item{.shape = shape_of(10'000'000, 8)};
  for (const double budget_s : {0.06, 0.1, 0.2}) {
    item.budget_s = budget_s;
    const PolicyDecision decision = budget(item);
    ASSERT_TRUE(decision.lossy && decision.feasible) << budget_s;
    EXPECT_LE(cheapest_s(item, decision.kept, /*exact=*/false), budget_s);
    EXPECT_GT(cheapest_s(item, decision.kept + 1, /*exact=*/false), budget_s);
  }
}

TEST(Budget, SendsEverythingWhereThatFits) {
  BudgetCase item{.shape = shape_of(1'000'000), .budget_s = 10};
  expect_same(budget(item), {.kept = 1'000'000, .lossy = false});
  item.filter = "allgather_topk";
  const PolicyDecision lossy_only = budget(item);
  expect_same(lossy_only, {.kept = 1'000'000, .lossy = true});
}

TEST(Budget, SaysWhenNothingFits) {
  const std::int64_t least = kept_count(1'000'000, kLeastDensity);
  const PolicyDecision infeasible{.kept = least, .lossy = true, .feasible = false};
  expect_same(budget({.shape = shape_of(1'000'000), .budget_s = 1e-6}), infeasible);
  expect_same(budget({.shape = shape_of(1'000'000), .budget_s = 0.1, .compute_s = 0.2}), infeasible);
}

TEST(Budget, ComputeTimeIsTakenOffTheBudget) {
  const BudgetCase without{.shape = shape_of(10'000'000, 8), .budget_s = 0.125};
  BudgetCase with = without;
  with.compute_s = 0.5;
  with.budget_s += with.compute_s;
  EXPECT_EQ(budget(without).kept, budget(with).kept);
}

TEST(Budget, NeverKeepsLessWithMoreTime) {
  BudgetCase item{.shape = shape_of(3'000'000, 7)};
  std::int64_t before = 0;
  for (item.budget_s = 1e-4; item.budget_s < 1; item.budget_s *= 1.1) {
    const std::int64_t kept = budget(item).kept;
    EXPECT_GE(kept, before) << item.budget_s;
    before = kept;
  }
  EXPECT_EQ(before, item.shape.count);
}

TEST(Budget, TheMarginIsTakenOffWhatIsLeft) {
  const BudgetCase without{.shape = shape_of(10'000'000, 8), .budget_s = 0.1};
  BudgetCase with = without;
  with.margin = 1.25;
  with.budget_s = 0.125;
  EXPECT_EQ(budget(without).kept, budget(with).kept);
}

// ---- Properties of all adaptive policies. ----

PolicyDecision decide_with_floor(const Policy& policy, double min_gain, const GainModel* gain) {
  Settings settings = test::usual_settings();
  settings.time_budget_s = 0.1;
  settings.min_gain = min_gain;
  const AlgorithmFilter filter;
  CostModel model = kModel;
  model.link.beta_s_per_byte = 80e-9;
  return decide_kept(policy, {.settings = settings,
                              .filter = filter,
                              .shape = shape_of(1'000'000, 8),
                              .model = &model,
                              .gain = gain});
}

TEST(MinGain, IsAFloorUnderWhatAPolicyChooses) {
  const GainModel gain = test::model_of(1'000'000, 2);
  for (const Policy* policy : policies()) {
    if (!policy->adapts) continue;
    SCOPED_TRACE(policy->name);
    const PolicyDecision free = decide_with_floor(*policy, 0, &gain);
    ASSERT_TRUE(free.lossy);
    EXPECT_FALSE(free.floored);
    for (const double min_gain : {0.2, 0.5, 0.9, 0.99}) {
      const PolicyDecision decision = decide_with_floor(*policy, min_gain, &gain);
      EXPECT_GE(gain.at(decision.kept), min_gain);
      EXPECT_EQ(decision.kept, std::max(free.kept, gain.least_kept(min_gain)));
      EXPECT_EQ(decision.floored, decision.kept > free.kept);
    }
    const PolicyDecision everything = decide_with_floor(*policy, 1, &gain);
    EXPECT_FALSE(everything.lossy);
    EXPECT_EQ(everything.kept, 1'000'000);
    EXPECT_EQ(decide_with_floor(*policy, 0.9, nullptr).floored, false) << "nothing is known yet";
  }
}

TEST(MinGain, LeavesTheUsersDensityAlone) {
  const GainModel gain = test::model_of(1'000'000, 1);
  expect_same(decide_with_floor(fixed_policy, 0.9, &gain), {.kept = 10'000});
}

TEST(LeastKept, IsMoreWithEf21) {
  const AlgorithmFilter filter;
  for (const auto& [feedback, least] : {std::pair{"ef14", 100}, {"none", 100}, {"ef21", 1'000}}) {
    Settings settings;
    settings.time_budget_s = 1e-9;
    settings.error_feedback = feedback;
    const ChoiceInput input{
        .settings = settings, .filter = filter, .shape = shape_of(1'000'000), .model = &kModel};
    EXPECT_EQ(least_kept(input), least);
    expect_same(budget_policy.decide(input), {.kept = least, .feasible = false});
  }
}

TEST(LargestWhere, FindsTheBorder) {
  for (std::int64_t border = 4; border <= 20; ++border)
    EXPECT_EQ(largest_where(5, 20, [&](std::int64_t k) { return k <= border; }), border);
  EXPECT_EQ(largest_where(5, 5, [](std::int64_t) { return true; }), 5);
}

}  // namespace
}  // namespace pliant

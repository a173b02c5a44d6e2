// Equivalent densities across algorithms, on tables and against a search over all k.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>

#include "planner/density/policy.hpp"
#include "planner/equivalent_density.hpp"
#include "planner/selector.hpp"
#include "tests/planner/density/gains.hpp"
#include "tests/support/selection.hpp"

namespace pliant {
namespace {

using test::rank_candidates;
using test::SelectionRequest;

using test::kModel;

constexpr AllreduceShape kShape{{.ranks = 8}, {.count = 1'000'000}};

double factor(const EquivalentDensity& equivalent, SelectionRule rule) {
  return equivalent.ranks[static_cast<std::size_t>(rule)];
}

TEST(UsualWorth, IsInTheOrderOfTheResearchAndGrowsWithRanks) {
  for (const int ranks : {2, 8, 64, 1024}) {
    const EquivalentDensity equivalent = usual_equivalents({.ranks = ranks});
    EXPECT_EQ(factor(equivalent, SelectionRule::own), 1);
    EXPECT_GE(factor(equivalent, SelectionRule::quota), 1);
    EXPECT_GT(factor(equivalent, SelectionRule::heaviest), factor(equivalent, SelectionRule::quota));
    EXPECT_GT(factor(equivalent, SelectionRule::turn), factor(equivalent, SelectionRule::heaviest));
    const EquivalentDensity more = usual_equivalents({.ranks = 2 * ranks});
    EXPECT_GT(factor(more, SelectionRule::quota), factor(equivalent, SelectionRule::quota));
  }
  const EquivalentDensity alone = usual_equivalents({.ranks = 1});
  for (const double one : alone.ranks)
    EXPECT_EQ(one, 1) << "a rank alone sends its own k, whatever it is called";
  EXPECT_EQ(usual_equivalents({.ranks = 64, .hosts = 8}).hosts, usual_equivalents(kShape).ranks);
}

TEST(Families, AreSeveralWhereTwoAreLeft) {
  for (const char* filter : {"auto", "star_ring, var_ring", "^allgather_topk", "quota_ring, oktopk, ring"})
    EXPECT_TRUE(AlgorithmFilter(filter).allows_several_rules()) << filter;
  for (const char* filter : {"ring", "star_ring, star_tree, ring", "quota_ring",
                             "allgather_topk, sparse_rabenseifner, two_level_allgather_topk"})
    EXPECT_FALSE(AlgorithmFilter(filter).allows_several_rules()) << filter;
}

// ---- Policies on pairs ----

ChoiceInput input_of(const Settings& settings, const AlgorithmFilter& filter, const CostModel& model) {
  return {.settings = settings, .filter = filter, .shape = kShape, .model = &model};
}

/// The best quality of all pairs that fit, in elements of allgather_topk.
double best_that_fits(const ChoiceInput& input, double time_s) {
  double best = 0;
  for (const AllreduceAlgorithm* algorithm : kAlgorithms) {
    if (algorithm->exact || !input.filter.allows(*algorithm)) continue;
    AllreduceShape shape = input.shape;
    const std::int64_t most = largest_where(1, shape.count, [&](std::int64_t kept) {
      shape.kept = kept;
      return algorithm->cost_s(shape, *input.model) <= time_s;
    });
    if (most > 0) best = std::max(best, input.equivalent->own_kept(*algorithm, most, shape.count));
  }
  return best;
}

TEST(Pairs, BudgetTakesTheBestOfAllThatFit) {
  Settings settings = test::usual_settings();
  const AlgorithmFilter filter("allgather_topk, quota_ring, quota_rabenseifner, star_ring, var_tree");
  const EquivalentDensity equivalent = usual_equivalents(kShape);
  std::set<const AllreduceAlgorithm*> taken;
  for (const double slower : {1.0, 10.0, 100.0}) {
    for (double budget_s = 3e-3; budget_s < 3; budget_s *= 1.5) {
      CostModel model = kModel;
      model.link.beta_s_per_byte *= slower;
      settings.time_budget_s = budget_s;
      ChoiceInput input = input_of(settings, filter, model);
      input.equivalent = equivalent;
      const PolicyDecision decision = budget_policy.decide(input);
      const double best = best_that_fits(input, budget_s);
      if (!decision.feasible || decision.kept == kShape.count) continue;
      // The policy's answer is a whole number of elements.
      EXPECT_LE(static_cast<double>(decision.kept), best * (1 + 1e-9));
      EXPECT_GT(static_cast<double>(decision.kept), best * 0.99 - 2) << budget_s;
      SelectionRequest request{.shape = kShape, .lossy = true, .exact = false, .equivalent = equivalent};
      request.shape.kept = decision.kept;
      taken.insert(rank_candidates(request, filter, model).items[0].algorithm);
    }
  }
  EXPECT_GE(taken.size(), 2U) << "no network made another pair better";
}

TEST(Pairs, WhatTheUserNamedIsTheUsers) {
  const Settings settings = test::usual_settings();
  const AlgorithmFilter filter;
  const EquivalentDensity equivalent = usual_equivalents(kShape);
  const GainModel gain = test::model_of(kShape.count, 3);
  for (const Policy* policy : {&fixed_policy, &pareto_policy, &goodput_policy}) {
    ChoiceInput input = input_of(settings, filter, kModel);
    input.equivalent = equivalent;
    const PolicyDecision decision = decide_kept(*policy, input);
    EXPECT_TRUE(decision.by_user) << policy->name;
    EXPECT_EQ(decision.kept, 10'000);
    input.gain = &gain;
    EXPECT_EQ(decide_kept(*policy, input).by_user, !policy->adapts);
  }
}

}  // namespace
}  // namespace pliant

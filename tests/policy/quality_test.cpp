// Quality across algorithms: pure, in tables and against searching all k.
#include "policy/quality.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>

#include "policy/policy.hpp"
#include "tests/policy/gains.hpp"

namespace pliant {
namespace {

using test::kModel;

constexpr AllreduceShape kShape{.ranks = 8, .count = 1'000'000};

double price(const Worth& worth, Family family) {
  return worth.ranks[static_cast<std::size_t>(family)];
}

TEST(UsualWorth, IsInTheOrderOfTheResearchAndGrowsWithRanks) {
  for (const int ranks : {2, 8, 64, 1024}) {
    const Worth worth = usual_worth({.ranks = ranks, .count = 1000});
    EXPECT_EQ(price(worth, Family::own), 1);
    EXPECT_GE(price(worth, Family::quota), 1);
    EXPECT_GT(price(worth, Family::heaviest), price(worth, Family::quota));
    EXPECT_GT(price(worth, Family::turn), price(worth, Family::heaviest));
    const Worth more = usual_worth({.ranks = 2 * ranks, .count = 1000});
    EXPECT_GT(price(more, Family::quota), price(worth, Family::quota));
  }
  const Worth alone = usual_worth({.ranks = 1, .count = 1000});
  for (const double one : alone.ranks)
    EXPECT_EQ(one, 1) << "a rank alone sends its own k, whatever it is called";
  EXPECT_EQ(usual_worth({.ranks = 64, .hosts = 8, .count = 1000}).hosts, usual_worth(kShape).ranks);
}

TEST(Families, AreSeveralWhereTwoAreLeft) {
  for (const char* filter : {"auto", "star_ring, var_ring", "^allgather_topk", "quota_ring, oktopk, ring"})
    EXPECT_TRUE(allows_several_families(AlgorithmFilter(filter))) << filter;
  for (const char* filter : {"ring", "star_ring, star_tree, ring", "quota_ring",
                             "allgather_topk, sparse_rabenseifner, two_level_allgather_topk"})
    EXPECT_FALSE(allows_several_families(AlgorithmFilter(filter))) << filter;
}

TEST(SampledPlaces, AreInOrderOneInEachPart) {
  for (const std::int64_t count : {1L, 5L, 4095L, 4096L, 4097L, 535'818L, 4'000'000'000L}) {
    const std::int64_t places = sampled_places(count);
    EXPECT_EQ(places, std::min<std::int64_t>(count, 4096));
    std::int64_t off_middle = 0;
    for (std::int64_t i = 0; i < places; ++i) {
      const std::int64_t place = sampled_place(i, places, count);
      ASSERT_GE(place, i * count / places);
      ASSERT_LT(place, (i + 1) * count / places);
      off_middle += 2 * (place - i * count / places) > count / places ? 1 : -1;
    }
    if (count > 8 * places) {
      EXPECT_LT(std::abs(off_middle), 4 * 64) << "four standard deviations";
    }
  }
}

// ---- Policies on pairs ----

PolicyInput input_of(const Settings& settings, const AlgorithmFilter& filter, const CostModel& model) {
  return {.settings = settings, .shape = kShape, .filter = filter, .model = model};
}

/// The best quality, in elements of allgather_topk, of all pairs that fit.
double best_that_fits(const PolicyInput& input, double time_s) {
  double best = 0;
  for (const AllreduceAlgorithm* algorithm : kAlgorithms) {
    if (algorithm->exact || !input.filter.allows(*algorithm)) continue;
    AllreduceShape shape = input.shape;
    const std::int64_t most = largest_where(1, shape.count, [&](std::int64_t kept) {
      shape.kept = kept;
      return algorithm->cost_s(shape, input.model) <= time_s;
    });
    if (most > 0) best = std::max(best, input.worth->own_kept(*algorithm, most, shape.count));
  }
  return best;
}

TEST(Pairs, BudgetTakesTheBestOfAllThatFit) {
  Settings settings = test::usual_settings();
  const AlgorithmFilter filter("allgather_topk, quota_ring, quota_rabenseifner, star_ring, var_tree");
  const Worth worth = usual_worth(kShape);
  std::set<const AllreduceAlgorithm*> taken;
  for (const double slower : {1.0, 10.0, 100.0}) {
    for (double budget_s = 3e-3; budget_s < 3; budget_s *= 1.5) {
      CostModel model = kModel;
      model.link.beta_s_per_byte *= slower;
      settings.time_budget_s = budget_s;
      PolicyInput input = input_of(settings, filter, model);
      input.worth = &worth;
      const PolicyDecision decision = budget_policy.decide(input);
      const double best = best_that_fits(input, budget_s);
      if (!decision.feasible || decision.kept == kShape.count) continue;
      // The policy answers in whole elements.
      EXPECT_LE(static_cast<double>(decision.kept), best * (1 + 1e-9));
      EXPECT_GT(static_cast<double>(decision.kept), best * 0.99 - 2) << budget_s;
      SelectionRequest request{.shape = kShape,
                               .lossy = true,
                               .exact = false,
                               .comparison = Comparison::by_quality,
                               .worth = worth};
      request.shape.kept = decision.kept;
      taken.insert(rank_candidates(request, filter, model).items[0].algorithm);
    }
  }
  EXPECT_GE(taken.size(), 2U) << "no network made another pair better";
}

TEST(Pairs, WhatTheUserNamedIsTheUsers) {
  const Settings settings = test::usual_settings();
  const AlgorithmFilter filter;
  const Worth worth = usual_worth(kShape);
  const GainModel gain = test::model_of(kShape.count, 3);
  for (const Policy* policy : {&fixed_policy, &pareto_policy, &goodput_policy}) {
    PolicyInput input = input_of(settings, filter, kModel);
    input.worth = &worth;
    const PolicyDecision decision = decide_kept(*policy, input);
    EXPECT_TRUE(decision.by_user) << policy->name;
    EXPECT_EQ(decision.kept, 10'000);
    input.gain = &gain;
    EXPECT_EQ(decide_kept(*policy, input).by_user, !policy->adapts);
  }
}

TEST(Samples, AreTwoNumbersAPlaceByWhatIsQuickest) {
  for (const std::int64_t count : {1L, 4096L, 1'000'000L}) {
    const AllreduceShape sampled = sampled_shape({.ranks = 8, .count = count});
    EXPECT_EQ(sampled.count, 2 * sampled_places(count));
    EXPECT_EQ(sampled.ranks, 8);
    const Candidate carrier = sample_carrier(sampled, kModel);
    EXPECT_TRUE(carrier.algorithm->exact);
    EXPECT_FALSE(carrier.algorithm->calls_mpi || carrier.algorithm->two_level);
    for (const AllreduceAlgorithm* other : kAlgorithms)
      if (other->exact && !other->calls_mpi && other->supports(sampled)) {
        EXPECT_LE(carrier.predicted_s, other->cost_s(sampled, kModel)) << other->name;
      }
  }
}

}  // namespace
}  // namespace pliant

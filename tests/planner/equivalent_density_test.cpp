// Candidates with different k: which k are equivalent, and how the candidates are ranked.
#include "planner/equivalent_density.hpp"

#include <gtest/gtest.h>

#include <set>

#include "planner/selector.hpp"
#include "tests/support/selection.hpp"

namespace pliant {
namespace {

using test::rank_candidates;
using test::SelectionRequest;

constexpr CostModel kModel{.link = {.alpha_s = 50e-6, .beta_s_per_byte = 8e-9},
                           .compute = {.gamma_s_per_byte = 1e-10,
                                       .select_s_per_element = 2e-9,
                                       .apply_s_per_element = 1e-10,
                                       .pair_s_per_element = 1e-9}};
constexpr AllreduceShape kShape{{.ranks = 8}, {.count = 1'000'000}, {.kept = 1000}};
constexpr EquivalentDensity kWorth{.ranks = {1, 1.5, 3, 40, 12}, .hosts = {1, 1.25, 2, 10, 6}};

SelectionRequest request_of(std::optional<EquivalentDensity> equivalent, std::int64_t kept = kShape.kept) {
  SelectionRequest request{.shape = kShape, .lossy = true, .equivalent = equivalent};
  request.shape.kept = kept;
  return request;
}

TEST(EquivalentDensity, EveryLossyAlgorithmHasAFamilyAndNoOtherHas) {
  std::set<SelectionRule> rules;
  for (const AllreduceAlgorithm* algorithm : kAlgorithms) {
    EXPECT_EQ(algorithm->rule.has_value(), !algorithm->exact) << algorithm->name;
    if (algorithm->rule) rules.insert(*algorithm->rule);
  }
  EXPECT_EQ(rules.size(), static_cast<std::size_t>(kSelectionRules));
}

TEST(EquivalentDensity, APriceOfOneChangesNothing) {
  for (const std::int64_t kept : {1, 7, 1000, 999'999, 1'000'000}) {
    EXPECT_EQ(kWorth.kept(allgather_topk_allreduce, kept, 1'000'000), kept);
    EXPECT_EQ(EquivalentDensity().kept(star_ring_allreduce, kept, 1'000'000), kept);
    EXPECT_EQ(kWorth.own_kept(allgather_topk_allreduce, kept, 1'000'000), static_cast<double>(kept));
  }
}

TEST(EquivalentDensity, AtLowDensitiesThePriceIsAFactorAndEverythingIsEverything) {
  EXPECT_EQ(kWorth.kept(star_ring_allreduce, 1, 1'000'000'000), 40);
  EXPECT_EQ(kWorth.kept(quota_ring_allreduce, 2, 1'000'000'000), 6);
  EXPECT_EQ(kWorth.kept(two_level_star_ring_allreduce, 1, 1'000'000'000), 10) << "hosts take turns";
  for (const AllreduceAlgorithm* algorithm : kAlgorithms) {
    EXPECT_EQ(kWorth.kept(*algorithm, 1000, 1000), 1000);
    EXPECT_EQ(kWorth.own_kept(*algorithm, 1000, 1000), 1000);
  }
}

TEST(EquivalentDensity, RisesWithKAndGoesBack) {
  for (const AllreduceAlgorithm* algorithm : kAlgorithms) {
    std::int64_t before = 0;
    for (std::int64_t kept = 1; kept <= 10'000; ++kept) {
      const std::int64_t found = kWorth.kept(*algorithm, kept, 10'000);
      ASSERT_GE(found, std::max(before, kept)) << algorithm->name;
      ASSERT_LE(found, 10'000);
      // Rounded up: the equivalent k lies between this one and the next.
      const double back = kWorth.own_kept(*algorithm, found, 10'000);
      ASSERT_GE(back, static_cast<double>(kept) * (1 - 1e-12));
      ASSERT_LT(kWorth.own_kept(*algorithm, found - 1, 10'000), static_cast<double>(kept) * (1 + 1e-12));
      before = found;
    }
  }
}

TEST(Comparison, ByQualityEachKeepsWhatIsAsGood) {
  const CandidateList list = rank_candidates(request_of(kWorth), AlgorithmFilter(), kModel);
  for (std::size_t i = 0; i < list.used; ++i) {
    const Candidate& candidate = list.items[i];
    AllreduceShape shape = kShape;
    shape.kept = kWorth.kept(*candidate.algorithm, kShape.kept, kShape.count);
    EXPECT_EQ(candidate.kept, candidate.algorithm->exact ? kShape.count : shape.kept);
    EXPECT_EQ(candidate.predicted_s, candidate.algorithm->cost_s(shape, kModel)) << candidate.algorithm->name;
    if (i > 0) {
      EXPECT_GE(candidate.predicted_s, list.items[i - 1].predicted_s);
    }
  }
}

}  // namespace
}  // namespace pliant

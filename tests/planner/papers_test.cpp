// The papers' formulas (Table I, Eq. 4, Eq. 5 of the flexible-communication paper), against numbers worked
// out by hand.
#include "planner/papers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <string_view>

#include "collectives/exchange.hpp"
#include "collectives/registry.hpp"
#include "compress/wire.hpp"

namespace pliant {
namespace {

// On this link, latency and bytes cannot be confused: 1000 s a message, 1 s a byte.
constexpr LinkModel kLink{.alpha_s = 1000, .beta_s_per_byte = 1};

double cost_s(const char* name, int ranks, std::int64_t count, std::int64_t kept,
              const LinkModel& link = kLink) {
  return papers::cost_s(*find_algorithm(name), {{.ranks = ranks}, {.count = count}, {.kept = kept}}, link);
}

TEST(PaperCosts, TableIOnEightRanks) {
  EXPECT_DOUBLE_EQ(papers::ring_s(8, 80, kLink), 14 * 1000 + 2 * 7 * 10);
  EXPECT_DOUBLE_EQ(papers::tree_s(8, 80, kLink), 2 * 3 * (1000 + 80));
  EXPECT_DOUBLE_EQ(papers::broadcast_s(8, 80, kLink), 3 * (1000 + 80));
  EXPECT_DOUBLE_EQ(allgather_s(8, 80, kLink), 3 * 1000 + 7 * 80);
}

TEST(PaperCosts, LogarithmsAreRoundedUpAndOneRankIsFree) {
  EXPECT_DOUBLE_EQ(papers::broadcast_s(5, 10, kLink), 3 * 1010);
  EXPECT_DOUBLE_EQ(allgather_s(5, 10, kLink), 3 * 1000 + 4 * 10);
  for (const AllreduceAlgorithm* algorithm : algorithms()) {
    const double alone_s = papers::cost_s(*algorithm, {{.ranks = 1}, {.count = 100}, {.kept = 10}}, kLink);
    EXPECT_TRUE(alone_s == 0 || alone_s == papers::kUnknown_s) << algorithm->name;
  }
}

TEST(PaperCosts, Equation4OnEightRanks) {
  // 1000 elements, k = 20: 80 bytes of values, 80 of indices.
  EXPECT_DOUBLE_EQ(cost_s("ring", 8, 1000, 20), 14 * 1000 + 14 * 500);
  EXPECT_DOUBLE_EQ(cost_s("tree", 8, 1000, 20), 6 * (1000 + 4000));
  EXPECT_DOUBLE_EQ(cost_s("allgather_topk", 8, 1000, 20), 3 * 1000 + 7 * 160);
  EXPECT_DOUBLE_EQ(cost_s("star_ring", 8, 1000, 20), (14 + 3) * 1000 + 80 * (2 * 7 / 8.0 + 3));
  EXPECT_DOUBLE_EQ(cost_s("star_tree", 8, 1000, 20), 9 * 1000 + 80 * 9);
}

TEST(PaperCosts, VarAddsAnAllgatherOfOneFloatARank) {
  const double scores_s = 3 * 1000 + 7 * 4;
  EXPECT_DOUBLE_EQ(cost_s("var_ring", 8, 1000, 20), cost_s("star_ring", 8, 1000, 20) + scores_s);
  EXPECT_DOUBLE_EQ(cost_s("var_tree", 8, 1000, 20), cost_s("star_tree", 8, 1000, 20) + scores_s);
}

struct Switches {
  int ranks;
  double ring_tree;    ///< kA: ring < tree iff alpha / beta < kA M c
  double ring_gather;  ///< kB: ring < allgather iff alpha / beta < kB M c
  double tree_gather;  ///< kC: tree < allgather iff alpha / beta < kC M c
};

Switches closed_form(int ranks) {
  const double n = ranks;
  const double log = binomial::rounds(ranks);
  return {ranks, (log - (n - 1) / n) / (n - 1 - log), 1 - 1 / n - log / (2 * (n - 1)), (n - 1) / log - 1.5};
}

TEST(PaperCosts, ClosedFormsHaveTheTabledValues) {
  const Switches tabled[] = {{4, 1.25, .4167, 0},     {8, .5312, .6607, .8333}, {16, .2784, .8042, 2.25},
                             {32, .1550, .8881, 4.7}, {64, .0880, .9368, 9},    {256, .0284, .9804, 30.375}};
  for (const Switches& row : tabled) {
    const Switches computed = closed_form(row.ranks);
    EXPECT_NEAR(computed.ring_tree, row.ring_tree, 6e-5) << row.ranks;
    EXPECT_NEAR(computed.ring_gather, row.ring_gather, 6e-5) << row.ranks;
    EXPECT_NEAR(computed.tree_gather, row.tree_gather, 6e-5) << row.ranks;
  }
}

/// Whether the first is cheaper than the second at `ratio` = alpha / (beta M c).
bool cheaper(const char* first, const char* second, int ranks, double ratio) {
  constexpr std::int64_t kKept = 1'000'000;
  const LinkModel link{.alpha_s = ratio * 4 * kKept, .beta_s_per_byte = 1};
  return cost_s(first, ranks, 10 * kKept, kKept, link) < cost_s(second, ranks, 10 * kKept, kKept, link);
}

void expect_switch(const char* first, const char* second, int ranks, double at) {
  EXPECT_EQ(cheaper(first, second, ranks, at * 0.999), at > 0) << first << " " << ranks;
  EXPECT_FALSE(cheaper(first, second, ranks, std::max(at, 0.0) * 1.001 + 1e-9)) << first << " " << ranks;
}

TEST(PaperCosts, AlgorithmsSwitchWhereEquation5Says) {
  for (int ranks = 3; ranks <= 256; ranks = ranks < 20 ? ranks + 1 : ranks * 2) {
    const Switches at = closed_form(ranks);
    if (ranks > 3) expect_switch("star_ring", "star_tree", ranks, at.ring_tree);
    expect_switch("star_ring", "allgather_topk", ranks, at.ring_gather);
    expect_switch("star_tree", "allgather_topk", ranks, at.tree_gather);
  }
}

TEST(PaperCosts, OnTwoRanksAllgatherIsNeverBeaten) {
  for (const double ratio : {0.0, 1e-6, 1.0, 1e6}) {
    EXPECT_FALSE(cheaper("star_ring", "allgather_topk", 2, ratio)) << ratio;
    EXPECT_FALSE(cheaper("star_tree", "allgather_topk", 2, ratio)) << ratio;
  }
}

TEST(PaperCosts, RabenseifnerDominatesRingAndTreeOnPowersOfTwo) {
  const CostModel model{.link = kLink, .compute = {}};
  for (int ranks = 2; ranks <= 64; ranks *= 2) {
    for (const std::int64_t count : {1, 100, 100'000}) {
      const AllreduceShape shape{{.ranks = ranks}, {.count = count}};
      const double rabenseifner_s = find_algorithm("rabenseifner")->cost_s(shape, model);
      for (const char* name : {"ring", "tree"})
        // A longer segment is kept if a shorter one gains less than 1 %.
        EXPECT_LE(rabenseifner_s, papers::cost_s(*find_algorithm(name), shape, model.link) * 1.01)
            << name << ranks;
    }
  }
}

TEST(PaperCosts, WithoutComputingAnAlgorithmIsNeverDearerThanThePapersSay) {
  const CostModel model{.link = {.alpha_s = 50e-6, .beta_s_per_byte = 1e-9}, .compute = {}};
  for (const AllreduceAlgorithm* algorithm : algorithms()) {
    for (const int ranks : {2, 3, 8, 13}) {
      const AllreduceShape shape{{.ranks = ranks}, {.count = 100'000}, {.kept = 1000}};
      const double paper_s = papers::cost_s(*algorithm, shape, model.link);
      if (paper_s == papers::kUnknown_s) continue;
      // var_* sends scores of 8 bytes, the paper counts 4; and messages have headers.
      const double more_s =
          static_cast<double>((4 + kHeaderBytes) * (ranks - 1)) * model.link.beta_s_per_byte;
      EXPECT_LE(algorithm->cost_s(shape, model), (paper_s + more_s) * (1 + 1e-12))
          << algorithm->name << ranks;
    }
  }
}

TEST(PaperCosts, TheListHasWhatThePapersKnow) {
  const AllreduceShape shape{{.ranks = 8}, {.count = 100'000}, {.kept = 1000}};
  const CandidateList list = papers::rank(shape, AlgorithmFilter(), kLink);
  std::set<std::string_view> names;
  double before_s = 0;
  for (const Candidate& candidate : list.all()) {
    names.insert(candidate.algorithm->name);
    EXPECT_GE(candidate.predicted_s, before_s);
    before_s = candidate.predicted_s;
  }
  EXPECT_EQ(names, (std::set<std::string_view>{"ring", "tree", "allgather_topk", "star_ring", "star_tree",
                                               "var_ring", "var_tree"}));
  EXPECT_EQ(papers::cost_s(rabenseifner_allreduce, shape, kLink), papers::kUnknown_s);
}

}  // namespace
}  // namespace pliant

// Corrections of formulas: found, bounded, shared between neighbours, and forgotten.
#include "planner/correction.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>
#include <string_view>

#include "planner/selector.hpp"
#include "tests/support/selection.hpp"

namespace pliant {
namespace {

using test::rank_candidates;
using test::SelectionRequest;

constexpr double kNoise = 0.1;

std::size_t place_of(std::string_view name) {
  for (std::size_t i = 0; i < kAlgorithms.size(); ++i)
    if (kAlgorithms[i]->name == name) return i;
  ADD_FAILURE() << name;
  return 0;
}

const std::size_t kRing = place_of("ring");
const std::size_t kTree = place_of("tree");
constexpr AllreduceShape kShape{{.ranks = 8}, {.count = 1'000'000}, {.kept = 10'000}};

AllreduceShape of_count(std::int64_t count) {
  AllreduceShape shape = kShape;
  shape.count = count;
  return shape;
}

/// Teaches `runs` of an algorithm that take `factor` times the formula's prediction.
void teach(Corrections& corrections, std::size_t algorithm, const AllreduceShape& shape, double factor,
           int runs, std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0, kNoise);
  for (int run = 0; run < runs; ++run)
    corrections.learn(algorithm, shape,
                      std::log(factor / corrections.of(algorithm, shape).factor) + normal(random),
                      kNoise * kNoise);
}

TEST(Corrections, NothingIsCorrectedAtFirst) {
  const Correction correction = Corrections().of(kRing, kShape);
  EXPECT_EQ(correction.factor, 1);
  EXPECT_DOUBLE_EQ(correction.variance, Corrections::kUnseen * Corrections::kUnseen);
}

TEST(Corrections, FindHowWrongAFormulaIs) {
  for (const double factor : {0.3, 0.8, 1.0, 1.5, 4.0}) {
    Corrections corrections;
    teach(corrections, kRing, kShape, factor, 20);
    const Correction found = corrections.of(kRing, kShape);
    EXPECT_NEAR(std::log(found.factor / factor), 0, 0.1) << factor;
    EXPECT_LT(found.variance, 0.05 * 0.05);
  }
}

TEST(Corrections, WhatAllHaveInCommonHoldsForThoseThatNeverRan) {
  const std::array teachers = {kRing, place_of("rabenseifner"), place_of("double_tree")};
  Corrections corrections;
  double learned = 0;
  for (std::size_t i = 0; i < teachers.size(); ++i) {
    teach(corrections, teachers[i], kShape, 6, 20);
    learned += std::log(corrections.of(teachers[i], kShape).factor);
    const Correction never = corrections.of(kTree, kShape);
    // Shrunk, because this many formulas may deviate together by chance.
    const double mean = learned / (static_cast<double>(i) + 1);
    const double by_chance = Corrections::kUnseen * Corrections::kUnseen / (static_cast<double>(i) + 1);
    EXPECT_NEAR(std::log(never.factor), mean - by_chance / mean, 0.02);
    EXPECT_DOUBLE_EQ(never.variance, Corrections::kUnseen * Corrections::kUnseen);
  }
  EXPECT_EQ(corrections.of(place_of("allgather_topk"), kShape).factor, 1) << "is lossy";
}

TEST(Corrections, AFormulaThatIsOffByNoMoreThanFormulasAreSaysNothingOfOthers) {
  for (const double factor : {1 / 1.3, 1.0, 1.3}) {
    Corrections corrections;
    teach(corrections, kRing, kShape, factor, 20);
    EXPECT_EQ(corrections.of(kTree, kShape).factor, 1) << factor;
  }
}

TEST(Corrections, WhatOthersHaveLearnedDoesNotMoveWhatIsKnown) {
  Corrections corrections;
  teach(corrections, kTree, kShape, 1.2, 200);
  const double before = corrections.of(kTree, kShape).factor;
  teach(corrections, kRing, kShape, 6, 20);
  EXPECT_NEAR(corrections.of(kTree, kShape).factor / before, 1, 0.03);
}

TEST(Corrections, AreBoundedEightfold) {
  Corrections corrections;
  teach(corrections, kRing, kShape, 1e6, 200);
  EXPECT_NEAR(corrections.of(kRing, kShape).factor, 8, 1e-6);
  teach(corrections, kRing, kShape, 1e-6, 2000);
  EXPECT_NEAR(corrections.of(kRing, kShape).factor, 1 / 8.0, 1e-6);
}

TEST(Corrections, OneRunThatHungHardlyCounts) {
  Corrections corrections;
  teach(corrections, kRing, kShape, 1.5, 20);
  const double before = corrections.of(kRing, kShape).factor;
  corrections.learn(kRing, kShape, std::log(1000.0), kNoise * kNoise);
  EXPECT_NEAR(corrections.of(kRing, kShape).factor / before, 1, 0.03);
}

TEST(Corrections, NeighbouringLengthsKnowSomething) {
  Corrections corrections;
  teach(corrections, kRing, kShape, 2, 20);
  const double here = std::log(corrections.of(kRing, kShape).factor);
  double before = here;
  for (const std::int64_t times : {2, 4, 8, 16}) {
    const Correction longer = corrections.of(kRing, of_count(kShape.count * times));
    const Correction shorter = corrections.of(kRing, of_count(kShape.count / times));
    EXPECT_DOUBLE_EQ(longer.factor, shorter.factor);
    EXPECT_LT(std::log(longer.factor), before);
    EXPECT_GT(longer.variance, corrections.of(kRing, kShape).variance);
    before = std::log(longer.factor);
  }
  EXPECT_EQ(corrections.of(kRing, of_count(kShape.count * 64)).factor, 1);
}

TEST(Corrections, LossyAlgorithmsAreClassedByWhatTheyKeep) {
  const AllreduceAlgorithm& lossy = *find_algorithm("allgather_topk");
  AllreduceShape denser = kShape;
  denser.kept *= 16;
  EXPECT_EQ(Corrections::class_of(lossy, denser), Corrections::class_of(lossy, kShape) + 4);
  EXPECT_EQ(Corrections::class_of(*kAlgorithms[kRing], denser),
            Corrections::class_of(*kAlgorithms[kRing], kShape));
  EXPECT_LT(Corrections::class_of(lossy, of_count(INT64_MAX / 4)), Corrections::kClasses);
  EXPECT_EQ(Corrections::class_of(*kAlgorithms[kRing], of_count(0)), 0);
}

TEST(Corrections, FadeWhenOthersRun) {
  Corrections corrections;
  teach(corrections, kRing, kShape, 2, 20);
  const double fresh = std::log(corrections.of(kRing, kShape).factor);
  teach(corrections, kTree, kShape, 1, 1000);
  EXPECT_NEAR(std::log(corrections.of(kRing, kShape).factor), fresh / 2, 0.02);
  teach(corrections, kTree, kShape, 1, 20'000);
  const Correction never = corrections.of(place_of("double_tree"), kShape);
  EXPECT_NEAR(corrections.of(kRing, kShape).factor, never.factor, 1e-3);
  EXPECT_NEAR(corrections.of(kRing, kShape).variance, Corrections::kUnseen * Corrections::kUnseen, 1e-3);
}

TEST(Corrections, LearningSaysWhetherDecisionsChange) {
  Corrections corrections;
  EXPECT_TRUE(corrections.learn(kRing, kShape, 0.2, 0.01));
  EXPECT_FALSE(corrections.learn(kRing, kShape, 0, 0.01));
}

TEST(Corrections, MakeTheSelectorTakeAnother) {
  const CostModel model{.link = {.alpha_s = 1e-3, .beta_s_per_byte = 8e-9}, .compute = {}};
  const SelectionRequest request{.shape = kShape};
  const CandidateList plain = rank_candidates(request, AlgorithmFilter(), model);
  Corrections corrections;
  const CandidateList same = rank_candidates(request, AlgorithmFilter(), model, &corrections);
  for (std::size_t i = 0; i < plain.used; ++i) {
    EXPECT_EQ(plain.items[i].algorithm, same.items[i].algorithm);
    EXPECT_EQ(plain.items[i].predicted_s, same.items[i].predicted_s);
  }
  // What is learned of one formula is assumed of those that never ran, so the second one has to run, too.
  teach(corrections, place_of(plain.items[1].algorithm->name), kShape, 1, 20);
  teach(corrections, place_of(plain.items[0].algorithm->name), kShape, 4, 20);
  const CandidateList corrected = rank_candidates(request, AlgorithmFilter(), model, &corrections);
  EXPECT_EQ(corrected.items[0].algorithm, plain.items[1].algorithm);
}

}  // namespace
}  // namespace pliant

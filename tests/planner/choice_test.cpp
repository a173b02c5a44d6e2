// When the current algorithm is replaced by another: on tables.
#include "planner/choice.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>

namespace pliant {
namespace {

const AllreduceAlgorithm* const kA = kAlgorithms[0];
const AllreduceAlgorithm* const kB = kAlgorithms[1];
const AllreduceAlgorithm* const kC = kAlgorithms[2];

constexpr auto no_doubt = [](std::size_t, std::size_t) { return 0.0; };

/// Variance between any two candidates, from its standard error.
auto doubt_of(double error) {
  return [=](std::size_t, std::size_t) { return error * error; };
}

constexpr double square(double x) {
  return x * x;
}

class Choosing : public testing::Test {
 protected:
  ShareBudget exploring_{0.01};
  CurrentAlgorithm current_;
};

TEST_F(Choosing, BeginsWithTheCheapest) {
  const std::array list = {Candidate{kB, 1}, Candidate{kA, 2}};
  const Choice choice = choose(list, current_, exploring_, false, 1, no_doubt);
  EXPECT_EQ(choice.index, 0U);
  EXPECT_EQ(choice.why, Why::cheapest);
  EXPECT_EQ(current_.algorithm, kB);
}

TEST_F(Choosing, StaysForLessThanTheMargin) {
  current_ = {kA, 100};
  const std::array list = {Candidate{kB, 0.985}, Candidate{kA, 1}};
  EXPECT_EQ(choose(list, current_, exploring_, true, 1, no_doubt).why, Why::stays);
  const std::array better = {Candidate{kB, 0.97}, Candidate{kA, 1}};
  EXPECT_EQ(choose(better, current_, exploring_, true, 1, no_doubt).why, Why::better);
  EXPECT_EQ(current_.algorithm, kB);
}

TEST_F(Choosing, StaysForLessThanPredictionsMayBeWrongBy) {
  current_ = {kA, 100};
  const std::array list = {Candidate{kB, 0.9}, Candidate{kA, 1}};
  EXPECT_EQ(choose(list, current_, exploring_, true, 1, doubt_of(0.2)).why, Why::stays);
  EXPECT_EQ(choose(list, current_, exploring_, true, 1, doubt_of(0.05)).why, Why::better);
}

TEST_F(Choosing, DwellsUnlessTheNetworkChanged) {
  const std::array first = {Candidate{kA, 1}, Candidate{kB, 2}};
  const std::array then = {Candidate{kB, 1}, Candidate{kA, 2}};
  choose(first, current_, exploring_, false, 1, no_doubt);
  int calls = 0;
  while (choose(then, current_, exploring_, false, 1, no_doubt).why != Why::better) ++calls;
  EXPECT_EQ(calls, ChoiceRules::kDwell - 1);
  EXPECT_EQ(choose(first, current_, exploring_, true, 1, no_doubt).why, Why::better);
}

TEST_F(Choosing, TriesWhatIsPredictedBetterUntilItIsKnown) {
  current_ = {kA, 100};
  const std::array uncertain = {Candidate{kB, 0.9, square(0.2)}, Candidate{kA, 1}};
  const Choice choice = choose(uncertain, current_, exploring_, false, 1, doubt_of(0.2));
  EXPECT_EQ(choice.why, Why::tries);
  EXPECT_EQ(choice.index, 0U);
  EXPECT_EQ(current_.algorithm, kA);
}

TEST_F(Choosing, ExploresWhatCouldBeBetterOnceThatIsPaidFor) {
  current_ = {kA, 100, 100, ChoiceRules::kFree};
  const std::array list = {Candidate{kA, 1}, Candidate{kB, 1.1, square(0.2)},
                           Candidate{kC, 1.3, square(0.2)}};
  EXPECT_EQ(choose(list, current_, exploring_, false, 1, doubt_of(0.2)).why, Why::stays);
  exploring_.earn(100);
  const Choice choice = choose(list, current_, exploring_, false, 1, doubt_of(0.2));
  EXPECT_EQ(choice.why, Why::explores);
  EXPECT_EQ(list[choice.index].algorithm, kB);
  EXPECT_EQ(current_.algorithm, kA);
  exploring_.earn(1000);
  EXPECT_EQ(choose(list, current_, exploring_, false, 1, doubt_of(0.2)).why,
            Why::stays);  // not at once again
}

TEST_F(Choosing, ExploresAtOnceWhatIsFree) {
  current_ = {kA, 100};
  const std::array list = {Candidate{kA, 1}, Candidate{kB, 1.1, square(0.2)}};
  const double worst = 1.1 * std::exp(0.2) - 1;
  for (double spent = 0; spent + worst <= ChoiceRules::kFree; spent += worst)
    EXPECT_EQ(choose(list, current_, exploring_, false, 1, doubt_of(0.2)).why, Why::explores) << spent;
  EXPECT_EQ(choose(list, current_, exploring_, false, 1, doubt_of(0.2)).why, Why::stays);
  EXPECT_NEAR(current_.spent, ChoiceRules::kFree, worst);
}

TEST_F(Choosing, ExploresNothingThatIsKnownOrTooDear) {
  exploring_.earn(1e9);
  current_ = {kA, 100, 100};
  const std::array known = {Candidate{kA, 1}, Candidate{kB, 1.05, square(0.1)},
                            Candidate{kC, 1.6, square(0.2)}};
  EXPECT_EQ(choose(known, current_, exploring_, false, 1, doubt_of(0.2)).why, Why::stays);
}

TEST_F(Choosing, AnIncumbentThatCannotDoTheCallIsReplaced) {
  current_ = {kC, 100};
  const std::array list = {Candidate{kB, 1}, Candidate{kA, 2}};
  EXPECT_EQ(choose(list, current_, exploring_, false, 1, no_doubt).why, Why::cheapest);
  EXPECT_EQ(current_.algorithm, kB);
}

// Two equally good algorithms with noisy predictions.
TEST_F(Choosing, DoesNotFlap) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal(0, 0.03);
  int switches = 0;
  for (int call = 0; call < 10'000; ++call) {
    Candidate a{kA, std::exp(normal(random))};
    Candidate b{kB, std::exp(normal(random))};
    if (b.predicted_s < a.predicted_s) std::swap(a, b);
    switches +=
        choose(std::array{a, b}, current_, exploring_, false, 1, doubt_of(0.03 * std::sqrt(2.0) * 3)).why ==
                Why::better
            ? 1
            : 0;
  }
  EXPECT_LT(switches, 100);
}

TEST_F(Choosing, ExploringCostsItsShareAtMost) {
  double time_s = 0, extra_s = 0;
  for (int call = 0; call < 10'000; ++call) {
    const std::array list = {Candidate{kA, 1}, Candidate{kB, 1.1, square(0.2)}};
    const Choice choice = choose(list, current_, exploring_, false, 1, doubt_of(0.2));
    const double own_s = list[choice.index].predicted_s * std::exp(choice.index == 1 ? 0.2 : 0);  // at worst
    time_s += own_s;
    extra_s += own_s - 1;
    exploring_.earn(own_s);
  }
  EXPECT_GT(extra_s, 0);
  EXPECT_LE(extra_s - ChoiceRules::kFree, 0.01 * time_s * (1 + 1e-9));
}

}  // namespace
}  // namespace pliant

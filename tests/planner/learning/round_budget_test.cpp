// Sync rounds keep to their share of the time of all calls, whatever the order of calls.
#include "planner/learning/round_budget.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace pliant {
namespace {

constexpr double kShare = 0.01;

struct Spent {
  int rounds = 0;
  double share = 0;  ///< of the calls' time, without the free rounds
};

/// Every call asks for a round, and holds one if the budget allows it.
Spent spent_on(int calls, const std::function<double(int)>& call_s, double cost_s) {
  RoundBudget budget;
  Spent spent;
  std::int64_t wait = 0;
  double all_s = 0;
  for (int call = 0; call < calls; ++call) {
    if (wait > 0) {
      --wait;
    } else {
      ++spent.rounds;
      budget.note_round(cost_s);
      wait = budget.calls_to_wait(cost_s);
    }
    budget.note_call(call_s(call), kShare);
    all_s += call_s(call);
  }
  spent.share = (spent.rounds - RoundBudget::kFreeRounds) * cost_s / all_s;
  return spent;
}

TEST(RoundBudget, TheFirstRoundsAreForNothing) {
  RoundBudget budget;
  for (int i = 0; i < RoundBudget::kFreeRounds; ++i) {
    EXPECT_EQ(budget.calls_to_wait(1), 0);
    budget.note_round(1);
  }
  EXPECT_EQ(budget.calls_to_wait(1), RoundBudget::kMostCalls);  // nothing was earned yet
}

TEST(RoundBudget, KeepsToTheShareForEqualCalls) {
  const Spent spent = spent_on(
      20'000, [](int) { return 30e-6; }, 10e-6);
  EXPECT_LE(spent.share, kShare);
  EXPECT_GE(spent.share, 0.9 * kShare);
}

TEST(RoundBudget, KeepsToTheShareForAnyMixOfLengths) {
  std::mt19937 random(1);
  const auto mixed = [&](int) { return 1e-6 * static_cast<double>(1U << (random() % 12)); };
  const Spent spent = spent_on(100'000, mixed, 10e-6);
  EXPECT_LE(spent.share, 1.1 * kShare);
  EXPECT_GE(spent.share, 0.5 * kShare);
}

// Long calls, then short ones: later rounds make up for rounds that took longer than predicted.
TEST(RoundBudget, OverlongRoundsAreMadeUpFor) {
  const Spent spent = spent_on(
      50'000, [](int call) { return call < 1000 ? 1e-3 : 5e-6; }, 20e-6);
  EXPECT_LE(spent.share, 1.1 * kShare);
}

TEST(RoundBudget, CallsOfAnyLengthAreCheapEnoughForARoundEach) {
  EXPECT_EQ(spent_on(
                1000, [](int) { return 1.0; }, 10e-6)
                .rounds,
            1000);
}

// An exploration ends at once, even if the budget is overdrawn. Later rounds wait for the debt.
TEST(RoundBudget, DebtIsPaidBack) {
  RoundBudget budget;
  for (int i = 0; i < RoundBudget::kFreeRounds + 4; ++i) budget.note_round(1e-5);
  for (int i = 0; i < 100; ++i) budget.note_call(1e-5, kShare);
  EXPECT_EQ(budget.calls_to_wait(1e-5), 5 * 100 - 100);
}

}  // namespace
}  // namespace pliant

// The share of time that sync rounds may take (planner/sync_round.hpp).
#include "planner/sync_round.hpp"

#include <gtest/gtest.h>

namespace pliant {
namespace {

CandidateList list_of(std::initializer_list<double> times_s) {
  CandidateList list;
  for (const double time_s : times_s) list.items[list.used++].predicted_s = time_s;
  return list;
}

TEST(RoundShares, ASettledDecisionHasAMuchSlowerSecond) {
  EXPECT_FALSE(is_settled(list_of({1})));
  EXPECT_FALSE(is_settled(list_of({1, 1})));
  EXPECT_FALSE(is_settled(list_of({1, 2, 9})));
  EXPECT_TRUE(is_settled(list_of({1, 2.1, 9})));
}

TEST(RoundShares, SuspicionRaisesTheShareUnlessTheDecisionIsSettled) {
  const CandidateList open = list_of({1, 1.1});
  const CandidateList settled = list_of({1, 3});
  EXPECT_EQ(RoundShares::of(open, 0), RoundShares::kUsual);
  EXPECT_EQ(RoundShares::of(open, 1), RoundShares::kSuspicious);
  EXPECT_EQ(RoundShares::of(settled, 0), RoundShares::kSettled);
  EXPECT_EQ(RoundShares::of(settled, 1), RoundShares::kSettled);
}

TEST(RoundShares, CallsBetweenRoundsPayForTheNext) {
  const CandidateList open = list_of({1e-3, 1.1e-3});
  const CandidateList settled = list_of({1e-3, 3e-3});
  const RoundsSoFar first{.had = kFirstRounds - 1};
  const RoundsSoFar later{.had = kEarlyRounds};
  constexpr double kCost_s = 1e-4;
  EXPECT_EQ(calls_between(open.items[0], open, kCost_s, first), 0);
  EXPECT_EQ(calls_between(open.items[0], open, kCost_s, later), 9);
  EXPECT_EQ(calls_between(settled.items[0], settled, kCost_s, later), 39);
}

}  // namespace
}  // namespace pliant

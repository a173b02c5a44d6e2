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

TEST(Telemetry, TakesItsShareOfCallsThatCarryIt) {
  const Settings settings;
  const AlgorithmFilter filter;
  CostModel model{};
  model.link = {.alpha_s = 1e-3, .beta_s_per_byte = 8e-8};
  const ChoiceInput call{
      .settings = settings, .filter = filter, .shape = {{.ranks = 8}, {.count = 100'000}}, .model = &model};
  const auto every = [&](const AllreduceAlgorithm& algorithm, std::int64_t kept, double call_s) {
    return calls_per_telemetry(algorithm, call, kept, call_s);
  };
  EXPECT_EQ(every(ring_allreduce, 100'000, 0.1), 1);
  EXPECT_EQ(every(mpi_allreduce, 100'000, 0.1), 0);
  EXPECT_EQ(every(ring_allreduce, 7, 0.1), 0) << "fewer elements than ranks";
  EXPECT_EQ(every(ring_allreduce, 100'000, 0), 0) << "unknown time";
  const int often = every(ring_allreduce, 100'000, 1e-3);
  EXPECT_GT(often, 1);
  EXPECT_NEAR(every(ring_allreduce, 100'000, 1e-4), 10 * often, 10);
  ChoiceInput many = call;
  many.shape.ranks = many.shape.hosts = Telemetry::kMostRanks + 1;
  EXPECT_EQ(calls_per_telemetry(ring_allreduce, many, 100'000, 0.1), 0);
}

}  // namespace
}  // namespace pliant

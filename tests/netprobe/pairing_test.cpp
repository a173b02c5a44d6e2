// The tournament: the pairs of each round, on tables of all small numbers of ranks.
#include "netprobe/pairing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace pliant {
namespace {

class Tournament : public testing::TestWithParam<int> {};

TEST_P(Tournament, RoundsAreSymmetricAndDisjoint) {
  const int ranks = GetParam();
  for (int round = 0; round < tournament_rounds(ranks); ++round) {
    int resting = 0;
    for (int rank = 0; rank < ranks; ++rank) {
      const int partner = partner_in_round(ranks, round, rank);
      if (partner == kNoPartner) {
        ++resting;
        continue;
      }
      ASSERT_GE(partner, 0);
      ASSERT_LT(partner, ranks);
      EXPECT_NE(partner, rank);
      EXPECT_EQ(partner_in_round(ranks, round, partner), rank) << "round " << round;
    }
    EXPECT_EQ(resting, ranks % 2) << "round " << round;
  }
}

TEST_P(Tournament, EveryPairMeetsExactlyOnce) {
  const int ranks = GetParam();
  std::map<std::pair<int, int>, int> meetings;
  for (int round = 0; round < tournament_rounds(ranks); ++round)
    for (int rank = 0; rank < ranks; ++rank)
      if (const int partner = partner_in_round(ranks, round, rank); partner > rank)
        ++meetings[{rank, partner}];
  EXPECT_EQ(static_cast<int>(meetings.size()), ranks * (ranks - 1) / 2);
  for (const auto& [pair, times] : meetings) EXPECT_EQ(times, 1) << pair.first << "-" << pair.second;
}

TEST_P(Tournament, MeasuredRoundsAreDistinctAndWithinTheTournament) {
  const int ranks = GetParam();
  std::set<int> rounds;
  for (int i = 0; i < measured_rounds(ranks); ++i) rounds.insert(measured_round(ranks, i));
  EXPECT_EQ(static_cast<int>(rounds.size()), measured_rounds(ranks));
  for (const int round : rounds) {
    EXPECT_GE(round, 0);
    EXPECT_LT(round, tournament_rounds(ranks));
  }
}

TEST_P(Tournament, EveryRankIsMeasuredWithAllOthersOrAtLeastSeven) {
  const int ranks = GetParam();
  for (int rank = 0; rank < ranks; ++rank) {
    int links = 0;
    for (int i = 0; i < measured_rounds(ranks); ++i)
      links += partner_in_round(ranks, measured_round(ranks, i), rank) != kNoPartner;
    EXPECT_GE(links, std::min(ranks - 1, 7)) << "rank " << rank;
    EXPECT_LE(links, kMaxMeasuredRounds) << "rank " << rank;
  }
}

INSTANTIATE_TEST_SUITE_P(Ranks, Tournament, testing::Range(1, 18));
INSTANTIATE_TEST_SUITE_P(ManyRanks, Tournament, testing::Values(31, 64, 1000));

TEST(TournamentOfFour, IsThePictureInTheHeader) {
  const int expected[3][4] = {{3, 2, 1, 0}, {1, 0, 3, 2}, {2, 3, 0, 1}};
  for (int round = 0; round < 3; ++round)
    for (int rank = 0; rank < 4; ++rank) EXPECT_EQ(partner_in_round(4, round, rank), expected[round][rank]);
}

}  // namespace
}  // namespace pliant

// Classes of links, and pairs that do not disturb each other, on tables.
#include "netprobe/link_class.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "netprobe/pairing.hpp"
#include "netprobe/quiet_rounds.hpp"

namespace pliant {
namespace {

LinkFit link_of(bool same_host, double alpha_s, double beta) {
  LinkFit link;
  link.typical.same_host = same_host;
  link.typical.alpha_s = alpha_s;
  link.typical.alpha_low_s = alpha_s / 2;
  link.typical.alpha_high_s = alpha_s * 2;
  link.typical.beta_s_per_byte = beta;
  link.typical.samples = 10;
  link.floor = {alpha_s / 4, beta / 4};
  return link;
}

TEST(Classes, AreMediansOverTheirLinks) {
  std::vector<LinkFit> links{link_of(false, 3e-3, 3e-8), link_of(true, 1e-6, 1e-10),
                             link_of(false, 1e-3, 1e-8), link_of(false, 2e-3, 9e-8)};
  links[0].rejected = 2;
  links[2].impossible = 3;
  links[2].held_out_sizes = 4;
  links[2].held_out_median = 0.5;
  links[2].held_out_worst = 0.75;
  const std::vector<LinkClass> classes = classes_of(links);
  ASSERT_EQ(classes.size(), 2U);
  EXPECT_TRUE(classes[0].same_host);
  EXPECT_EQ(classes[0].links, 1);
  EXPECT_EQ(classes[0].typical.alpha_s, 1e-6);
  EXPECT_FALSE(classes[1].same_host);
  EXPECT_FALSE(classes[1].typical.same_host);
  EXPECT_EQ(classes[1].links, 3);
  EXPECT_EQ(classes[1].typical.alpha_s, 2e-3);
  EXPECT_EQ(classes[1].typical.alpha_low_s, 1e-3);
  EXPECT_EQ(classes[1].typical.alpha_high_s, 4e-3);
  EXPECT_EQ(classes[1].typical.beta_s_per_byte, 3e-8);
  EXPECT_EQ(classes[1].typical.samples, 30);
  EXPECT_EQ(classes[1].floor.alpha_s, 5e-4);
  EXPECT_EQ(classes[1].rejected, 2);
  EXPECT_EQ(classes[1].impossible, 3);
  EXPECT_EQ(classes[1].held_out_sizes, 4);
  EXPECT_EQ(classes[1].held_out_median, 0.5) << "of the links that have any";
  EXPECT_EQ(classes[1].held_out_worst, 0.75);
}

TEST(Classes, OfNoLinksAreNone) {
  EXPECT_TRUE(classes_of({}).empty());
  EXPECT_EQ(slowness(link_of(true, 1, 0), {}), 1);
}

TEST(Classes, TellALinkThatIsSlowerThanTheOthersAndAreNotMovedByIt) {
  std::vector<LinkFit> links(5, link_of(false, 1e-3, 1e-8));
  links[3] = link_of(false, 0.1, 1e-6);
  const std::vector<LinkClass> classes = classes_of(links);
  EXPECT_EQ(classes[0].typical.alpha_s, 1e-3);
  EXPECT_EQ(classes[0].typical.beta_s_per_byte, 1e-8);
  EXPECT_DOUBLE_EQ(slowness(links[3], classes), 100);
  EXPECT_DOUBLE_EQ(slowness(links[0], classes), 1);
}

TEST(Classes, OfWhichHalfIsSlowAreNothingInBetween) {
  std::vector<LinkFit> links(6, link_of(false, 1e-3, 1e-8));
  for (const std::size_t i : {0, 2, 5}) links[i] = link_of(false, 1e-3, 1e-7);
  const std::vector<LinkClass> classes = classes_of(links);
  EXPECT_EQ(classes[0].typical.beta_s_per_byte, 1e-8);
  EXPECT_GT(slowness(links[2], classes), kSlowFactor);
}

TEST(Classes, LeaveOutLinksThatGaveNoTimes) {
  LinkFit silent;
  silent.impossible = 8;
  const LinkClass one = classes_of(std::vector<LinkFit>{silent, link_of(false, 1e-3, 1e-8), silent})[0];
  EXPECT_EQ(one.typical.alpha_s, 1e-3);
  EXPECT_EQ(one.links, 3);
  EXPECT_EQ(one.impossible, 16);
  EXPECT_EQ(classes_of(std::vector<LinkFit>{silent})[0].typical.alpha_s, 0);
}

TEST(Classes, LeaveOutLinksWhoseFitEndedAtABound) {
  const std::vector<LinkFit> links{link_of(false, 1e-3, 0), link_of(false, 2e-3, 2e-8),
                                   link_of(false, kTick_s, 9e-8)};
  const LinkClass of = classes_of(links)[0];
  EXPECT_EQ(of.links, 3);
  EXPECT_EQ(of.typical.alpha_s, 2e-3);
  EXPECT_EQ(of.typical.beta_s_per_byte, 2e-8);
  EXPECT_EQ(classes_of(std::vector<LinkFit>{links[0]})[0].typical.alpha_s, 0);
}

TEST(Contention, IsTheMedianOfPairsSlowedDown) {
  const std::vector<CrowdTime> times{{1, 2}, {1, 4}, {2, 6}};
  const Contention found = contention_of(times, 8, 1000);
  EXPECT_EQ(found.factor, 3);
  EXPECT_EQ(found.pairs, 8);
  EXPECT_EQ(found.bytes, 1000);
}

TEST(Contention, NeedsTwoPairsAndTimesThatCanBe) {
  EXPECT_EQ(contention_of(std::vector<CrowdTime>{{1, 2}}, 1, 1000).factor, 1);
  EXPECT_EQ(contention_of({}, 8, 1000).pairs, 0);
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<CrowdTime> times{{0, 2}, {-1, 2}, {1, -2}, {kNan, 1}, {1, 5}};
  EXPECT_EQ(contention_of(times, 4, 1000).factor, 5);
}

// ---- Order of measurements. ----

struct Place {
  int ranks;
  int ranks_a_host;  ///< on all hosts but the last
  bool scattered;    ///< ranks are dealt to the hosts in turn
};

HostLayout layout_of(const Place& place) {
  const int hosts = (place.ranks + place.ranks_a_host - 1) / place.ranks_a_host;
  std::vector<int> marks;
  for (int rank = 0; rank < place.ranks; ++rank)
    marks.push_back(place.scattered ? rank % hosts : rank / place.ranks_a_host);
  return HostLayout(marks);
}

class Rounds : public testing::TestWithParam<Place> {
 protected:
  HostLayout hosts_ = layout_of(GetParam());
  int ranks_ = GetParam().ranks;

  bool inside(const RankPair& pair) const { return hosts_.host_of(pair.rank) == hosts_.host_of(pair.peer); }
};

TEST_P(Rounds, DisturbNobody) {
  for (const std::vector<RankPair>& round : quiet_rounds(hosts_)) {
    EXPECT_FALSE(round.empty());
    std::set<int> busy;
    for (const RankPair& pair : round) {
      EXPECT_LT(pair.rank, pair.peer);
      EXPECT_TRUE(busy.insert(hosts_.host_of(pair.rank)).second);
      EXPECT_TRUE(inside(pair) || busy.insert(hosts_.host_of(pair.peer)).second);
    }
  }
}

TEST_P(Rounds, MeasureNoPairTwiceAndEveryPairOfFewRanks) {
  const auto rounds = quiet_rounds(hosts_);
  EXPECT_LE(rounds.size(), static_cast<std::size_t>(kMostQuietRounds));
  std::set<std::pair<int, int>> seen;
  std::set<bool> kinds;
  for (const std::vector<RankPair>& round : rounds) {
    for (const RankPair& pair : round) {
      EXPECT_TRUE(seen.insert({pair.rank, pair.peer}).second) << pair.rank << "-" << pair.peer;
      kinds.insert(inside(pair));
    }
  }
  if (ranks_ <= 8) {
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(ranks_ * (ranks_ - 1) / 2));
  }
  EXPECT_EQ(kinds.contains(false), hosts_.hosts() > 1);
  EXPECT_EQ(kinds.contains(true), !hosts_.flat());
}

TEST_P(Rounds, CrowdsHaveEachRankOnceAndOneKindOfPair) {
  for (const bool same_host : {true, false}) {
    std::set<int> seen;
    const std::vector<RankPair> crowd = crowd_of(hosts_, same_host);
    for (const RankPair& pair : crowd) {
      EXPECT_EQ(inside(pair), same_host);
      EXPECT_LT(pair.rank, pair.peer);
      EXPECT_TRUE(seen.insert(pair.rank).second);
      EXPECT_TRUE(seen.insert(pair.peer).second);
      EXPECT_EQ(partner_among(crowd, pair.rank), pair.peer);
      EXPECT_EQ(partner_among(crowd, pair.peer), pair.rank);
    }
    for (int rank = 0; rank < ranks_; ++rank)
      EXPECT_EQ(partner_among(crowd, rank) == kNoPartner, !seen.contains(rank));
    if (!same_host && 2 * hosts_.most_on_host() <= ranks_) {
      EXPECT_EQ(crowd.size(), static_cast<std::size_t>(ranks_ / 2));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Places, Rounds,
                         testing::Values(Place{2, 2, false}, Place{3, 3, false}, Place{8, 8, false},
                                         Place{2, 1, false}, Place{7, 1, false}, Place{8, 1, false},
                                         Place{4, 2, false}, Place{5, 2, true}, Place{8, 4, false},
                                         Place{8, 2, true}, Place{7, 5, false}, Place{64, 8, false},
                                         Place{64, 32, true}, Place{48, 48, false}, Place{100, 1, false}));

TEST(RoundsOfEqualHosts, TakeAsFewAsATournament) {
  EXPECT_EQ(quiet_rounds(layout_of({8, 1, false})).size(), 7U);
  EXPECT_EQ(quiet_rounds(layout_of({8, 8, false})).size(), 28U) << "one pair of a host at a time";
  EXPECT_EQ(quiet_rounds(layout_of({4, 2, false})).size(), 5U);
  EXPECT_TRUE(quiet_rounds(layout_of({1, 1, false})).empty());
}

}  // namespace
}  // namespace pliant

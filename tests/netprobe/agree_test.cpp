// Combines all links into one model, on tables.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "netprobe/fit.hpp"

namespace pliant {
namespace {

constexpr double kAlpha_s = 1e-4;
constexpr double kBeta = 1e-8;

/// All pairs of `ranks`, each with the same link.
std::vector<LinkEstimate> uniform_links(int ranks) {
  std::vector<LinkEstimate> links;
  for (int rank = 0; rank < ranks; ++rank) {
    for (int peer = rank + 1; peer < ranks; ++peer) {
      LinkEstimate link;
      link.rank = rank;
      link.peer = peer;
      link.alpha_s = kAlpha_s;
      link.beta_s_per_byte = kBeta;
      links.push_back(link);
    }
  }
  return links;
}

/// Links for which `slow(rank, peer)` holds are ten times slower.
template <typename Slow>
std::vector<LinkEstimate> links_with(int ranks, Slow slow) {
  std::vector<LinkEstimate> links = uniform_links(ranks);
  for (LinkEstimate& link : links) {
    if (!slow(link.rank, link.peer)) continue;
    link.alpha_s *= 10;
    link.beta_s_per_byte *= 10;
  }
  return links;
}

class Agreement : public testing::TestWithParam<int> {};

TEST_P(Agreement, UniformLinksGiveTheirOwnModel) {
  EXPECT_EQ(agree_on_link(uniform_links(GetParam()), GetParam()), (LinkModel{kAlpha_s, kBeta}));
}

TEST_P(Agreement, OneSlowRankBinds) {
  for (int slow = 0; slow < GetParam(); ++slow) {
    const auto links =
        links_with(GetParam(), [&](int rank, int peer) { return rank == slow || peer == slow; });
    EXPECT_EQ(agree_on_link(links, GetParam()), (LinkModel{10 * kAlpha_s, 10 * kBeta}))
        << "slow rank " << slow;
  }
}

TEST_P(Agreement, OneNoisyPairDoesNot) {
  for (const LinkEstimate& noisy : uniform_links(GetParam())) {
    const auto links =
        links_with(GetParam(), [&](int rank, int peer) { return rank == noisy.rank && peer == noisy.peer; });
    EXPECT_EQ(agree_on_link(links, GetParam()), (LinkModel{kAlpha_s, kBeta}))
        << noisy.rank << "-" << noisy.peer;
  }
}

TEST_P(Agreement, TwoEqualHostsAreAsSlowAsTheLinkBetweenThem) {
  const int ranks = 2 * GetParam();
  const auto links =
      links_with(ranks, [&](int rank, int peer) { return rank / GetParam() != peer / GetParam(); });
  EXPECT_EQ(agree_on_link(links, ranks), (LinkModel{10 * kAlpha_s, 10 * kBeta}));
}

INSTANTIATE_TEST_SUITE_P(Ranks, Agreement, testing::Values(3, 4, 5, 7, 8));

TEST(AgreementOfFew, NoLinksGiveNothing) {
  EXPECT_FALSE(agree_on_link({}, 1));
  EXPECT_FALSE(agree_on_link({}, 4));
}

/// Fits that ended at a bound, with no time per byte or no latency.
std::vector<LinkEstimate> bounds_of(const LinkEstimate& link) {
  std::vector<LinkEstimate> bounds(3, link);
  bounds[0].beta_s_per_byte = 0;
  bounds[1].beta_s_per_byte = kLeastBeta_s_per_byte;
  bounds[2].alpha_s = kTick_s;
  return bounds;
}

TEST(AgreementOnBounds, IsThatOfTheOtherLinks) {
  const std::vector<LinkEstimate> links = uniform_links(4);
  for (std::size_t disturbed = 0; disturbed < links.size(); ++disturbed)
    for (const LinkEstimate& bound : bounds_of(links[disturbed])) {
      std::vector<LinkEstimate> seen = links;
      seen[disturbed] = bound;
      EXPECT_EQ(agree_on_link(seen, 4), (LinkModel{kAlpha_s, kBeta})) << bound.rank << "-" << bound.peer;
    }
}

TEST(AgreementOnBounds, LeavesOutARankWithoutAnotherLink) {
  std::vector<LinkEstimate> links = uniform_links(3);
  links[0].beta_s_per_byte = links[1].beta_s_per_byte = 0;  // rank 0's
  EXPECT_EQ(agree_on_link(links, 3), (LinkModel{kAlpha_s, kBeta}));
}

TEST(AgreementOnBounds, IsNothingWhereAllLinksEndedThere) {
  for (const LinkEstimate& bound : bounds_of(uniform_links(2).front()))
    EXPECT_FALSE(agree_on_link(std::vector<LinkEstimate>{bound}, 2));
}

TEST(AgreementOfFew, TwoRanksHaveTheirLink) {
  EXPECT_EQ(agree_on_link(uniform_links(2), 2), (LinkModel{kAlpha_s, kBeta}));
}

TEST(AgreementOfFew, AlphaAndBetaBindSeparately) {
  std::vector<LinkEstimate> links = uniform_links(4);
  for (LinkEstimate& link : links) {
    if (link.rank == 0) link.alpha_s *= 10;
    if (link.peer == 3) link.beta_s_per_byte *= 10;
  }
  EXPECT_EQ(agree_on_link(links, 4), (LinkModel{10 * kAlpha_s, 10 * kBeta}));
}

}  // namespace
}  // namespace pliant

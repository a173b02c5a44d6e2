// Which ranks share a host, as arithmetic.
#include "mpi/host_layout.hpp"

#include <gtest/gtest.h>

namespace pliant {
namespace {

std::vector<int> members(const HostLayout& layout, int host) {
  return {layout.members(host).begin(), layout.members(host).end()};
}

TEST(HostLayout, NumbersHostsByTheirLowestRanks) {
  const HostLayout layout(std::vector<int>{7, -1, 7, 7, 300, -1});
  EXPECT_EQ(layout.ranks(), 6);
  EXPECT_EQ(layout.hosts(), 3);
  EXPECT_EQ(members(layout, 0), (std::vector<int>{0, 2, 3}));
  EXPECT_EQ(members(layout, 1), (std::vector<int>{1, 5}));
  EXPECT_EQ(members(layout, 2), (std::vector<int>{4}));
  EXPECT_EQ(layout.most_on_host(), 3);
  EXPECT_FALSE(layout.flat());
  for (int host = 0; host < layout.hosts(); ++host) {
    EXPECT_EQ(layout.leader(host), members(layout, host).front());
    for (const int rank : layout.members(host)) EXPECT_EQ(layout.host_of(rank), host);
  }
}

TEST(HostLayout, KnowsItsExtremes) {
  const HostLayout one_host(std::vector<int>{5, 5, 5});
  EXPECT_EQ(one_host.hosts(), 1);
  EXPECT_EQ(one_host.most_on_host(), 3);
  EXPECT_FALSE(one_host.flat());
  const HostLayout flat(std::vector<int>{2, 1, 0});
  EXPECT_EQ(flat.hosts(), 3);
  EXPECT_EQ(flat.most_on_host(), 1);
  EXPECT_TRUE(flat.flat());
  EXPECT_EQ(flat.host_of(2), 2);
  EXPECT_TRUE(HostLayout(std::vector<int>{9}).flat()) << "one rank shares with nobody";
}

}  // namespace
}  // namespace pliant

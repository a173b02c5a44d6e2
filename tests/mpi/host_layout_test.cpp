// Pure arithmetic: the ranks that share a host.
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

TEST(HostLayout, OrdersRanksByPackageAndCacheAfterTheirLowest) {
  constexpr Locality kAnywhere{};
  struct Case {
    const char* name;
    std::vector<Locality> localities;
    std::vector<int> members;
  };
  const Case cases[] = {
      {"alternating, uneven", {{0, 0}, {1, 1}, {0, 0}, {1, 1}, {0, 0}}, {0, 2, 4, 1, 3}},
      {"the leader is not in the first package",
       {{1, 3}, {0, 0}, {1, 2}, {0, 1}, {1, 3}, {0, 0}},
       {0, 4, 2, 1, 5, 3}},
      {"a rank each", {{0, 0}, {0, 1}, {1, 2}}, {0, 1, 2}},
      {"all anywhere", {kAnywhere, kAnywhere, kAnywhere}, {0, 1, 2}},
      {"bound to a package of several caches", {{0, -1}, {0, 1}, {1, -1}, {0, -1}, {1, -1}}, {0, 3, 1, 2, 4}},
      {"some anywhere", {{0, 0}, kAnywhere, {0, 0}, {1, 1}, kAnywhere}, {0, 2, 1, 4, 3}},
      {"caches without packages", {{-1, 1}, {-1, 0}, {-1, 1}}, {0, 2, 1}},
  };
  for (const Case& item : cases) {
    const HostLayout layout(std::vector<int>(item.localities.size()), item.localities);
    EXPECT_EQ(members(layout, 0), item.members) << item.name;
    EXPECT_EQ(layout.leader(0), 0) << item.name;
  }
}

TEST(HostLayout, ComparesLocalitiesWithinAHostOnly) {
  const std::vector<Locality> localities = {{0, 0}, {0, 0}, {0, 1}, {0, 0}, {0, 0}, {0, 0}};
  const HostLayout layout(std::vector<int>{8, 9, 8, 9, 8, 9}, localities);
  EXPECT_EQ(members(layout, 0), (std::vector<int>{0, 4, 2}));
  EXPECT_EQ(members(layout, 1), (std::vector<int>{1, 3, 5}));
}

}  // namespace
}  // namespace pliant

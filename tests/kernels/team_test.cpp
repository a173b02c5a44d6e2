// Team: every member works once per round, and all are done when run returns.
#include "kernels/team.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <vector>

#include "kernels/kernels.hpp"

namespace pliant {
namespace {

TEST(Team, WorksOnceForEachMember) {
  for (const int members : {1, 2, 3, 7, 20}) {
    Team team(members);
    ASSERT_EQ(team.members(), members);
    for (int round = 0; round < 50; ++round) {
      std::vector<int> runs(static_cast<std::size_t>(members));  // each element is one member's: no race
      team.run([&](int member) { ++runs[static_cast<std::size_t>(member)]; });
      EXPECT_EQ(runs, std::vector<int>(static_cast<std::size_t>(members), 1));
    }
  }
}

TEST(Team, MemberZeroIsTheCallerAndOthersAreNot) {
  Team team(3);
  std::vector<std::thread::id> ids(3);
  team.run([&](int member) { ids[static_cast<std::size_t>(member)] = std::this_thread::get_id(); });
  EXPECT_EQ(ids[0], std::this_thread::get_id());
  EXPECT_NE(ids[1], ids[0]);
  EXPECT_NE(ids[2], ids[0]);
  EXPECT_NE(ids[1], ids[2]);
}

TEST(Team, OfOneHasNoThreads) {
  Team team;
  EXPECT_EQ(team.members(), 1);
  int runs = 0;
  team.run([&](int member) {
    EXPECT_EQ(member, 0);
    ++runs;
  });
  EXPECT_EQ(runs, 1);
}

TEST(Team, ManyShortRounds) {
  Team team(3);
  std::atomic<int> runs = 0;
  for (int round = 0; round < 5000; ++round) {
    team.run([&](int) { ++runs; });
    ASSERT_EQ(runs, 3 * (round + 1));
  }
}

/// After work, just after its start, or while a member goes to sleep.
TEST(Team, EndsAtAnyTime) {
  for (int i = 0; i < 200; ++i) {
    const auto team = std::make_unique<Team>(1 + i % 4);
    std::atomic<int> runs = 0;
    for (int round = 0; round < i % 3; ++round) team->run([&](int) { ++runs; });
    EXPECT_EQ(runs, (1 + i % 4) * (i % 3));
  }
}

// Meanwhile, another caller does all of its work alone.
TEST(Team, ABusyTeamKeepsNobodyWaiting) {
  Team team(4);
  team.run([&](int member) {
    if (member != 0) return;
    std::vector<int> runs(4);
    std::thread([&] {
      const std::thread::id own = std::this_thread::get_id();
      team.run([&](int of) {
        EXPECT_EQ(std::this_thread::get_id(), own);
        ++runs[static_cast<std::size_t>(of)];
      });
    }).join();  // while the first caller has the team
    team.run([&](int of) { ++runs[static_cast<std::size_t>(of)]; });
    EXPECT_EQ(runs, std::vector<int>(4, 2));
  });
}

TEST(Team, ManyCallersAtOnce) {
  Team team(3);
  std::atomic<int> runs = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&] {
      for (int round = 0; round < 500; ++round) team.run([&](int) { ++runs; });
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(runs, 4 * 500 * 3);
}

TEST(ForEachMember, WorksAtMostAsOftenAsAsked) {
  Team team(4);
  SelectWorkspace workspace;
  workspace.team = &team;
  for (const int members : {1, 2, 4}) {
    std::vector<int> runs(4);
    for_each_member(workspace, members, [&](int member) { ++runs[static_cast<std::size_t>(member)]; });
    for (int member = 0; member < 4; ++member)
      EXPECT_EQ(runs[static_cast<std::size_t>(member)], member < members ? 1 : 0);
  }
  SelectWorkspace alone;
  int runs = 0;
  for_each_member(alone, 1, [&](int member) { runs += 1 + member; });
  EXPECT_EQ(runs, 1);
}

}  // namespace
}  // namespace pliant

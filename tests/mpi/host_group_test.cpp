// The ranks of a host find one another, and keep in step through memory.
#include "mpi/host_group.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <array>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "tests/support/host_layouts.hpp"
#include "tests/support/shared_memory.hpp"

namespace pliant {
namespace {

using test::refuses_memory;

/// What a rank does in a lane.
struct Walk {
  HostLane& lane;
  FramePool pool;

  FramePool& frames() { return pool; }
};

std::int64_t number(int rank, std::int64_t step) {
  return step * 1000 + rank;
}

/// Each rank lets the others wait at another step, then catches up.
void dawdle(int rank, std::int64_t step) {
  if (step % 50 != rank * 7) return;
  for (int i = 0; i < 2000; ++i) sched_yield();
}

/// In each step every rank brings its number and reads those of the others, which may be a step ahead.
Task walk(Walk& walk, std::int64_t steps) {
  HostLane& lane = walk.lane;
  for (std::int64_t i = 0; i < steps; ++i) {
    const std::int64_t step = lane.step();
    dawdle(lane.own(), step);
    co_await lane.all_finished(step);
    const std::int64_t own = number(lane.own(), step);
    std::memcpy(lane.brought(lane.own(), step), &own, sizeof own);
    lane.finish_step();
    co_await lane.all_finished(step + 1);
    for (int rank = 0; rank < lane.ranks(); ++rank) {
      std::int64_t found = -1;
      std::memcpy(&found, lane.brought(rank, step), sizeof found);
      EXPECT_EQ(found, number(rank, step));
    }
  }
}

class HostGroupTest : public testing::Test {
 protected:
  void expect_lane_works(HostLane& lane) {
    const std::int64_t before = lane.step();
    Walk state{lane, {}};
    Execution execution;
    for (int again = 0; again < 2; ++again) {
      execution.start(walk(state, 100));
      execution.finish();
    }
    EXPECT_EQ(lane.step() - before, 200);
  }

  void expect_lanes_work(HostLanes& lanes) {
    expect_lane_works(lanes.gathering());
    expect_lane_works(lanes.spreading());
  }

  HostGroup one_host() { return HostGroup(comm_, std::vector<int>(static_cast<std::size_t>(ranks_))); }

  Communicator comm_ = Communicator::duplicate(MPI_COMM_WORLD);
  const int rank_ = comm_.rank();
  const int ranks_ = comm_.ranks();
};

TEST_F(HostGroupTest, FindsTheRanksOfThisMachine) {
  const HostGroup group(comm_);
  EXPECT_EQ(group.layout().ranks(), ranks_);
  EXPECT_EQ(group.layout().hosts(), 1);
  EXPECT_EQ(group.local_ranks(), ranks_);
  EXPECT_EQ(group.local_rank(), rank_);
  EXPECT_EQ(group.leads(), rank_ == 0);
}

TEST_F(HostGroupTest, TakesAnyLayout) {
  for (const test::NamedLayout& layout : test::host_layouts(ranks_)) {
    SCOPED_TRACE(layout.name);
    HostGroup group(comm_, layout.marks, layout.localities);
    const auto members = group.layout().members(group.host());
    EXPECT_EQ(members[static_cast<std::size_t>(group.local_rank())], rank_);
    EXPECT_EQ(group.domains().back(), group.local_ranks());
    EXPECT_EQ(group.undivided().back(), group.local_ranks());
    EXPECT_FALSE(group.refused());
    if (group.layout().flat()) continue;
    EXPECT_EQ(group.lanes(), nullptr) << "no call could use them yet";
    HostLanes* const lanes = group.lanes_for(HostLanes::kSlotBytes);
    if (group.leads()) {
      EXPECT_EQ(group.leaders().ranks(), group.layout().hosts());
      EXPECT_EQ(group.leaders().rank(), group.host());
    }
    expect_lanes_work(*lanes);
  }
}

/// Each rank fills all of its part with numbers of its own, and then reads everybody's.
TEST_F(HostGroupTest, PartsOfRanksAreApartAndHoldWhatTheySay) {
  HostGroup group = one_host();
  if (group.layout().flat()) return;
  std::vector<HostGroup::RequestLanes> taken;
  for (int i = 0; i < 9; ++i) taken.push_back(group.take_lanes());  // of two windows
  std::vector<HostLane*> all = {&group.lanes_for(HostLanes::kSlotBytes)->gathering(),
                                &group.lanes_for(HostLanes::kSlotBytes)->spreading()};
  for (const auto& lanes : taken) all.insert(all.end(), {&lanes->gathering(), &lanes->spreading()});
  const auto mark = [](int rank, std::size_t lane, int slot) {
    return static_cast<unsigned char>(rank * 41 + static_cast<int>(lane) * 2 + slot);
  };
  for (std::size_t i = 0; i < all.size(); ++i)
    for (int slot = 0; slot < HostLane::kSlots; ++slot) {
      const auto bytes = static_cast<std::size_t>(all[i]->slot_bytes());
      std::memset(all[i]->brought(rank_, slot), mark(rank_, i, slot), bytes);
      std::memset(all[i]->made(rank_, slot), mark(rank_, i, slot) + 100, bytes);
    }
  MPI_Barrier(comm_.handle());
  for (std::size_t i = 0; i < all.size(); ++i)
    for (int at = 0; at < ranks_ * HostLane::kSlots * 2; ++at) {
      const int rank = at / 4;
      const int slot = at / 2 % 2;
      const std::int64_t byte = at % 2 == 0 ? 0 : all[i]->slot_bytes() - 1;
      EXPECT_EQ(static_cast<unsigned char>(all[i]->brought(rank, slot)[byte]), mark(rank, i, slot));
      EXPECT_EQ(static_cast<unsigned char>(all[i]->made(rank, slot)[byte]),
                static_cast<unsigned char>(mark(rank, i, slot) + 100));
    }
  MPI_Barrier(comm_.handle());
  for (HostLane* lane : {all.front(), all.back()}) {
    EXPECT_EQ(lane->step(), 0);
    expect_lane_works(*lane);
  }
}

/// Programs make thousands of communicators that only ever reduce a few bytes.
TEST_F(HostGroupTest, ShortCallsTakeLittleMemoryAndLongOnesMore) {
  HostGroup group = one_host();
  if (group.layout().flat()) return;
  const std::int64_t before = test::memory_bytes;
  EXPECT_EQ(group.lanes_for(4)->slot_bytes(), HostLanes::kShortSlotBytes);
  EXPECT_LT(test::memory_bytes - before, 64 << 10);
  HostLanes* const few = group.lanes_for(HostLanes::kShortSlotBytes);
  EXPECT_EQ(few->slot_bytes(), HostLanes::kShortSlotBytes);
  expect_lanes_work(*few);
  EXPECT_EQ(group.lanes_for(HostLanes::kShortSlotBytes + 1)->slot_bytes(), HostLanes::kSlotBytes);
  EXPECT_EQ(group.lanes_for(4)->slot_bytes(), HostLanes::kSlotBytes) << "all use the longer ones then";
  expect_lanes_work(*group.lanes());
}

TEST_F(HostGroupTest, WhatIsRefusedToLongCallsLeavesShortOnesTheirs) {
  HostGroup group = one_host();
  if (group.layout().flat()) return;
  ASSERT_NE(group.lanes_for(4), nullptr);
  refuses_memory = rank_ == 0;
  EXPECT_EQ(group.lanes_for(1 << 20), nullptr);
  refuses_memory = false;
  EXPECT_TRUE(group.refused());
  EXPECT_EQ(group.lanes_for(1 << 20), nullptr) << "it is not tried again";
  EXPECT_FALSE(group.layout().flat());
  expect_lanes_work(*group.lanes_for(4));
}

/// Ranks give it up when they like: nobody waits for them.
TEST_F(HostGroupTest, MemoryIsGivenUpLocally) {
  HostGroup group = one_host();
  auto segment = std::make_unique<SharedSegment>(comm_, group.layout(), 10'000);
  ASSERT_EQ(segment->parts().size(), static_cast<std::size_t>(ranks_));
  std::memset(segment->parts()[static_cast<std::size_t>(rank_)], rank_ + 1, 10'000);
  if (rank_ == 0) segment.reset();
  int token = 0;
  MPI_Bcast(&token, 1, MPI_INT, 0, comm_.handle());
  MPI_Barrier(comm_.handle());
  if (segment == nullptr) return;
  for (int rank = 1; rank < ranks_; ++rank)
    EXPECT_EQ(segment->parts()[static_cast<std::size_t>(rank)][9'999], std::byte(rank + 1));
}

TEST_F(HostGroupTest, WithoutSharedMemoryEveryRankIsAHost) {
  HostGroup group(comm_, std::vector<int>(static_cast<std::size_t>(ranks_)));
  refuses_memory = rank_ == ranks_ - 1;
  EXPECT_EQ(group.lanes_for(1), nullptr);
  refuses_memory = false;
  EXPECT_EQ(group.refused(), ranks_ > 1);
  EXPECT_TRUE(group.layout().flat());
  EXPECT_EQ(group.host(), rank_);
  EXPECT_TRUE(group.leads());
}

TEST_F(HostGroupTest, RequestsOvertakeOneAnotherInLanesOfTheirOwn) {
  HostGroup group = one_host();
  if (group.layout().flat()) {
    EXPECT_EQ(group.take_lanes(), nullptr);
    return;
  }
  const auto first = group.take_lanes();
  const auto second = group.take_lanes();
  Walk in_first{first->gathering(), {}};
  Walk in_second{second->gathering(), {}};
  std::array<Execution, 2> executions;
  // Ranks begin in different orders, and each advances both.
  const int begins = rank_ % 2;
  for (const int i : {begins, 1 - begins})
    executions[static_cast<std::size_t>(i)].start(walk(i == 0 ? in_first : in_second, 100));
  while (!executions[0].idle() || !executions[1].idle())
    for (Execution& execution : executions)
      if (!execution.idle()) execution.advance();
  EXPECT_EQ(first->gathering().step(), 100);
  EXPECT_EQ(second->gathering().step(), 100);
}

TEST_F(HostGroupTest, LanesAreTakenAgainOnceAllRanksHaveGivenThemBack) {
  HostGroup group = one_host();
  if (group.layout().flat()) return;
  std::array<HostGroup::RequestLanes, 2> taken = {group.take_lanes(), group.take_lanes()};
  HostLanes* const first = taken[0].get();
  HostLanes* const second = taken[1].get();
  EXPECT_NE(first, second);
  expect_lanes_work(*second);
  taken[rank_ == 0 ? 0 : 1].reset();  // in an order of their own
  const auto third = group.take_lanes();
  EXPECT_NE(third.get(), first);
  EXPECT_NE(third.get(), second);
  taken = {};
  const auto again = group.take_lanes();
  const auto again_second = group.take_lanes();
  EXPECT_EQ(again.get(), first);
  EXPECT_EQ(again_second.get(), second);
  expect_lanes_work(*again_second);
}

TEST_F(HostGroupTest, NobodyTakesLanesInWhichAnOperationEndedEarly) {
  HostGroup group = one_host();
  if (group.layout().flat()) return;
  auto lanes = group.take_lanes();
  HostLanes* const spoiled = lanes.get();
  lanes.get_deleter().in_step = rank_ != ranks_ - 1;  // on one rank
  lanes.reset();
  const auto next = group.take_lanes();
  EXPECT_NE(next.get(), spoiled);
  expect_lanes_work(*next);
}

TEST_F(HostGroupTest, RequestsThatGetNoMemoryTakeNoNoticeOfHosts) {
  HostGroup group = one_host();
  if (group.layout().flat()) return;
  std::vector<HostGroup::RequestLanes> taken;
  for (int i = 0; i < 8; ++i) taken.push_back(group.take_lanes());
  refuses_memory = rank_ == 0;
  EXPECT_EQ(group.take_lanes(), nullptr);
  refuses_memory = false;
  EXPECT_TRUE(group.refused());
  EXPECT_EQ(group.take_lanes(), nullptr) << "it is not tried again";
  EXPECT_FALSE(group.layout().flat());
  expect_lanes_work(*group.lanes_for(HostLanes::kSlotBytes));
  expect_lanes_work(*taken.back());
}

}  // namespace
}  // namespace pliant

// The ranks of a host find one another, and keep in step through memory.
#include "mpi/host_group.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <cstring>
#include <memory>
#include <utility>

#include "tests/support/host_layouts.hpp"

namespace {

bool refuses_windows = false;

}  // namespace

/// MPI's profiling interface: a system that has no room for shared memory, if this rank says so.
extern "C" int MPI_Win_allocate_shared(MPI_Aint size, int unit, MPI_Info info, MPI_Comm comm, void* base,
                                       MPI_Win* window) {
  const int code = PMPI_Win_allocate_shared(size, unit, info, comm, base, window);
  return refuses_windows ? static_cast<int>(MPI_ERR_NO_MEM) : code;
}

namespace pliant {
namespace {

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
    Walk state{lane, {}};
    Execution execution;
    for (int again = 0; again < 2; ++again) {
      execution.start(walk(state, 100));
      execution.finish();
    }
    EXPECT_EQ(lane.step(), 200);
  }

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
    if (group.leads()) {
      EXPECT_EQ(group.leaders().ranks(), group.layout().hosts());
      EXPECT_EQ(group.leaders().rank(), group.host());
    }
    expect_lane_works(group.gathering());
    expect_lane_works(group.spreading());
  }
}

TEST_F(HostGroupTest, PartsOfRanksAreApartAndHoldWhatTheySay) {
  HostGroup group(comm_, std::vector<int>(static_cast<std::size_t>(ranks_)));
  if (group.layout().flat()) return;
  const auto fill = static_cast<int>(rank_) + 1;
  for (HostLane* lane : {&group.gathering(), &group.spreading()})
    for (int slot = 0; slot < HostLane::kSlots; ++slot) {
      std::memset(lane->brought(rank_, slot), fill, HostLane::kSlotBytes);
      std::memset(lane->made(rank_, slot), fill + 100, HostLane::kSlotBytes);
    }
  MPI_Barrier(comm_.handle());
  for (HostLane* lane : {&group.gathering(), &group.spreading()})
    for (int rank = 0; rank < ranks_; ++rank)
      for (int slot = 0; slot < HostLane::kSlots; ++slot)
        for (const std::int64_t at : {std::int64_t{0}, HostLane::kSlotBytes - 1}) {
          EXPECT_EQ(static_cast<int>(lane->brought(rank, slot)[at]), rank + 1);
          EXPECT_EQ(static_cast<int>(lane->made(rank, slot)[at]), rank + 101);
        }
  MPI_Barrier(comm_.handle());
  EXPECT_EQ(group.gathering().step(), 0);
  expect_lane_works(group.gathering());
}

TEST_F(HostGroupTest, WithoutSharedMemoryEveryRankIsAHost) {
  refuses_windows = rank_ == ranks_ - 1;
  const HostGroup group(comm_, std::vector<int>(static_cast<std::size_t>(ranks_)));
  refuses_windows = false;
  EXPECT_EQ(group.refused(), ranks_ > 1);
  EXPECT_TRUE(group.layout().flat());
  EXPECT_EQ(group.host(), rank_);
  EXPECT_TRUE(group.leads());
}

TEST_F(HostGroupTest, TurnsComeInTheOrderInWhichTheyWereAskedFor) {
  HostGroup group(comm_);
  auto first = std::make_unique<HostGroup::Turn>(group);
  auto second = std::make_unique<HostGroup::Turn>(group);
  EXPECT_TRUE(first->has_come());
  EXPECT_FALSE(second->has_come());
  first.reset();
  EXPECT_TRUE(second->has_come());
}

}  // namespace
}  // namespace pliant

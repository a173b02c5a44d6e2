// The ranks of a host find each other, and stay in step through shared memory.
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

/// The operations of a rank on a host channel.
struct Walk {
  HostChannel& channel;
  FramePool pool;

  FramePool& frames() { return pool; }
};

std::int64_t number(int rank, std::int64_t step) {
  return step * 1000 + rank;
}

/// Each rank delays the others at a different step, then catches up.
void dawdle(int rank, std::int64_t step) {
  if (step % 50 != rank * 7) return;
  for (int i = 0; i < 2000; ++i) sched_yield();
}

/// In each step every rank publishes a number and reads those of the others, which may be one step ahead.
Task walk(Walk& walk, std::int64_t steps) {
  HostChannel& channel = walk.channel;
  for (std::int64_t i = 0; i < steps; ++i) {
    const std::int64_t step = channel.step();
    dawdle(channel.own(), step);
    co_await channel.all_finished(step);
    const std::int64_t own = number(channel.own(), step);
    std::memcpy(channel.brought(channel.own(), step), &own, sizeof own);
    channel.finish_step();
    co_await channel.all_finished(step + 1);
    for (int rank = 0; rank < channel.ranks(); ++rank) {
      std::int64_t found = -1;
      std::memcpy(&found, channel.brought(rank, step), sizeof found);
      EXPECT_EQ(found, number(rank, step));
    }
  }
}

class HostGroupTest : public testing::Test {
 protected:
  void expect_lane_works(HostChannel& channel) {
    const std::int64_t before = channel.step();
    Walk state{channel, {}};
    Execution execution;
    for (int again = 0; again < 2; ++again) {
      execution.start(walk(state, 100));
      execution.finish();
    }
    EXPECT_EQ(channel.step() - before, 200);
  }

  void expect_lanes_work(HostChannels& channels) {
    expect_lane_works(channels.gathering());
    expect_lane_works(channels.spreading());
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
    EXPECT_FALSE(group.refused());
    if (group.layout().flat()) continue;
    EXPECT_EQ(group.channels(), nullptr) << "no call could use them yet";
    HostChannels* const channels = group.channels_for(HostChannels::kSlotBytes);
    if (group.leads()) {
      EXPECT_EQ(group.leaders().ranks(), group.layout().hosts());
      EXPECT_EQ(group.leaders().rank(), group.host());
    }
    expect_lanes_work(*channels);
  }
}

/// Each rank fills its whole part with its own numbers, then reads all parts.
TEST_F(HostGroupTest, PartsOfRanksAreApartAndHoldWhatTheySay) {
  HostGroup group = one_host();
  if (group.layout().flat()) return;
  std::vector<HostGroup::RequestChannels> taken;
  for (int i = 0; i < 9; ++i) taken.push_back(group.take_channels());  // of two windows
  std::vector<HostChannel*> all = {&group.channels_for(HostChannels::kSlotBytes)->gathering(),
                                   &group.channels_for(HostChannels::kSlotBytes)->spreading()};
  for (const auto& channels : taken) all.insert(all.end(), {&channels->gathering(), &channels->spreading()});
  const auto mark = [](int rank, std::size_t channel, int slot) {
    return static_cast<unsigned char>(rank * 41 + static_cast<int>(channel) * 2 + slot);
  };
  for (std::size_t i = 0; i < all.size(); ++i)
    for (int slot = 0; slot < HostChannel::kSlots; ++slot) {
      const auto bytes = static_cast<std::size_t>(all[i]->slot_bytes());
      std::memset(all[i]->brought(rank_, slot), mark(rank_, i, slot), bytes);
      std::memset(all[i]->made(rank_, slot), mark(rank_, i, slot) + 100, bytes);
    }
  MPI_Barrier(comm_.handle());
  for (std::size_t i = 0; i < all.size(); ++i)
    for (int at = 0; at < ranks_ * HostChannel::kSlots * 2; ++at) {
      const int rank = at / 4;
      const int slot = at / 2 % 2;
      const std::int64_t byte = at % 2 == 0 ? 0 : all[i]->slot_bytes() - 1;
      EXPECT_EQ(static_cast<unsigned char>(all[i]->brought(rank, slot)[byte]), mark(rank, i, slot));
      EXPECT_EQ(static_cast<unsigned char>(all[i]->made(rank, slot)[byte]),
                static_cast<unsigned char>(mark(rank, i, slot) + 100));
    }
  MPI_Barrier(comm_.handle());
  for (HostChannel* channel : {all.front(), all.back()}) {
    EXPECT_EQ(channel->step(), 0);
    expect_lane_works(*channel);
  }
}

/// Programs may make thousands of communicators that only reduce a few bytes.
TEST_F(HostGroupTest, ShortCallsTakeLittleMemoryAndLongOnesMore) {
  HostGroup group = one_host();
  if (group.layout().flat()) return;
  const std::int64_t before = test::memory_bytes;
  EXPECT_EQ(group.channels_for(4)->slot_bytes(), HostChannels::kShortSlotBytes);
  EXPECT_LT(test::memory_bytes - before, 64 << 10);
  HostChannels* const few = group.channels_for(HostChannels::kShortSlotBytes);
  EXPECT_EQ(few->slot_bytes(), HostChannels::kShortSlotBytes);
  expect_lanes_work(*few);
  EXPECT_EQ(group.channels_for(HostChannels::kShortSlotBytes + 1)->slot_bytes(), HostChannels::kSlotBytes);
  EXPECT_EQ(group.channels_for(4)->slot_bytes(), HostChannels::kSlotBytes) << "all use the longer ones then";
  expect_lanes_work(*group.channels());
}

TEST_F(HostGroupTest, WhatIsRefusedToLongCallsLeavesShortOnesTheirs) {
  HostGroup group = one_host();
  if (group.layout().flat()) return;
  ASSERT_NE(group.channels_for(4), nullptr);
  refuses_memory = rank_ == 0;
  EXPECT_EQ(group.channels_for(1 << 20), nullptr);
  refuses_memory = false;
  EXPECT_TRUE(group.refused());
  EXPECT_EQ(group.channels_for(1 << 20), nullptr) << "it is not tried again";
  EXPECT_FALSE(group.layout().flat());
  expect_lanes_work(*group.channels_for(4));
}

/// Each rank releases the memory at any time, and no rank waits for another.
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
  EXPECT_EQ(group.channels_for(1), nullptr);
  refuses_memory = false;
  EXPECT_EQ(group.refused(), ranks_ > 1);
  EXPECT_TRUE(group.layout().flat());
  EXPECT_EQ(group.host(), rank_);
  EXPECT_TRUE(group.leads());
}

TEST_F(HostGroupTest, RequestsOvertakeOneAnotherInLanesOfTheirOwn) {
  HostGroup group = one_host();
  if (group.layout().flat()) {
    EXPECT_EQ(group.take_channels(), nullptr);
    return;
  }
  const auto first = group.take_channels();
  const auto second = group.take_channels();
  Walk in_first{first->gathering(), {}};
  Walk in_second{second->gathering(), {}};
  std::array<Execution, 2> executions;
  // The ranks begin in different orders, and each advances both.
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
  std::array<HostGroup::RequestChannels, 2> taken = {group.take_channels(), group.take_channels()};
  HostChannels* const first = taken[0].get();
  HostChannels* const second = taken[1].get();
  EXPECT_NE(first, second);
  expect_lanes_work(*second);
  taken[rank_ == 0 ? 0 : 1].reset();  // in an order of their own
  const auto third = group.take_channels();
  EXPECT_NE(third.get(), first);
  EXPECT_NE(third.get(), second);
  taken = {};
  const auto again = group.take_channels();
  const auto again_second = group.take_channels();
  EXPECT_EQ(again.get(), first);
  EXPECT_EQ(again_second.get(), second);
  expect_lanes_work(*again_second);
}

TEST_F(HostGroupTest, NobodyTakesLanesInWhichAnOperationEndedEarly) {
  HostGroup group = one_host();
  if (group.layout().flat()) return;
  auto channels = group.take_channels();
  HostChannels* const spoiled = channels.get();
  channels.get_deleter().in_step = rank_ != ranks_ - 1;  // on one rank
  channels.reset();
  const auto next = group.take_channels();
  EXPECT_NE(next.get(), spoiled);
  expect_lanes_work(*next);
}

TEST_F(HostGroupTest, RequestsThatGetNoMemoryTakeNoNoticeOfHosts) {
  HostGroup group = one_host();
  if (group.layout().flat()) return;
  std::vector<HostGroup::RequestChannels> taken;
  for (int i = 0; i < 8; ++i) taken.push_back(group.take_channels());
  refuses_memory = rank_ == 0;
  EXPECT_EQ(group.take_channels(), nullptr);
  refuses_memory = false;
  EXPECT_TRUE(group.refused());
  EXPECT_EQ(group.take_channels(), nullptr) << "it is not tried again";
  EXPECT_FALSE(group.layout().flat());
  expect_lanes_work(*group.channels_for(HostChannels::kSlotBytes));
  expect_lanes_work(*taken.back());
}

}  // namespace
}  // namespace pliant

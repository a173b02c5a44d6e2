// Broadcast and allgather, the building blocks of the lossy algorithms.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include "collectives/exchange.hpp"
#include "mpi/agree.hpp"
#include "tests/support/bits.hpp"
#include "tests/support/kernels.hpp"

namespace pliant {
namespace {

class BuildingBlocks : public testing::Test {
 protected:
  std::byte byte_of(int rank, std::size_t i) const {
    return static_cast<std::byte>(static_cast<std::size_t>(rank) * 50 + i % 50);
  }

  void finish(Task task) {
    workspace_.execution.start(std::move(task));
    workspace_.execution.finish();
  }

  Communicator comm_ = Communicator::duplicate(MPI_COMM_WORLD);
  const int rank_ = comm_.rank();
  const int ranks_ = comm_.ranks();
  Workspace workspace_;
  AllreduceCall call_{.comm = comm_,
                      .workspace = workspace_,
                      .kernels = test::kernels_under_test(),
                      .shape = {{.ranks = ranks_}, {}, {}, {.segment_bytes = 40'000}},
                      .own = {},
                      .outcome = {}};
};

TEST(KernelTable, IsTheOneThatWasAskedFor) {
  const char* const name = std::getenv("PLIANT_KERNELS");
  EXPECT_EQ(test::kernels_under_test().name, name != nullptr ? name : choose_kernels("auto").name);
}

TEST_F(BuildingBlocks, BroadcastFromEveryRoot) {
  for (int root = 0; root < ranks_; ++root) {
    for (const std::size_t count : {0, 1, 1000, 100'000}) {
      std::vector<std::byte> bytes(count);
      std::vector<std::byte> expected(count);
      for (std::size_t i = 0; i < count; ++i) {
        bytes[i] = byte_of(rank_, i);
        expected[i] = byte_of(root, i);
      }
      const Traffic before = comm_.traffic();
      finish(broadcast(call_, bytes, root));
      EXPECT_TRUE(bytes == expected) << "root " << root << ", " << count << " bytes";
      EXPECT_EQ(comm_.traffic() - before,
                broadcast_sent(call_.shape, static_cast<std::int64_t>(count), rank_, root));
    }
  }
}

TEST_F(BuildingBlocks, AllgatherLeavesEveryBlockWhereItSays) {
  for (const std::size_t block : {0, 1, 8, 1000, 50'000}) {
    const auto block_bytes = static_cast<std::int64_t>(block);
    std::vector<std::byte> blocks(block * static_cast<std::size_t>(ranks_));
    for (std::size_t i = 0; i < block; ++i) blocks[i] = byte_of(rank_, i);
    const Traffic before = comm_.traffic();
    finish(allgather(call_, blocks.data(), block_bytes));
    for (int of = 0; of < ranks_; ++of) {
      const std::size_t begin = block * static_cast<std::size_t>(block_of(of, rank_, ranks_));
      for (std::size_t i = 0; i < block; ++i) EXPECT_EQ(blocks[begin + i], byte_of(of, i)) << "rank " << of;
    }
    EXPECT_EQ(comm_.traffic() - before, allgather_sent(call_.shape, block_bytes));
  }
}

TEST_F(BuildingBlocks, WhatRanksAgreeOnIsKnownOfEach) {
  std::array<double, 3> values = {1.0 * rank_, -1.0 * rank_, 7};
  finish(agree_max(call_, values));
  EXPECT_EQ(values, (std::array<double, 3>{ranks_ - 1.0, 0, 7}));
  for (int of = 0; of < ranks_; ++of) {
    EXPECT_EQ(agreed_from(call_, of, 0, values.size()), of);
    EXPECT_EQ(agreed_from(call_, of, 1, values.size()), -of);
    EXPECT_EQ(agreed_from(call_, of, 2, values.size()), 7);
  }
}

TEST_F(BuildingBlocks, EveryRankAgreesOnTheSameBitsForEveryValue) {
  using Limits = std::numeric_limits<double>;
  // Each rank in turn holds the odd value. Each rank compares in an order of its own.
  for (const double odd : {Limits::quiet_NaN(), -Limits::signaling_NaN(), Limits::infinity(), 0.0})
    for (int holder = 0; holder < ranks_; ++holder) {
      const double others = odd == 0 ? -0.0 : 1;
      std::array<double, 2> values = {rank_ == holder ? odd : others, rank_ == holder ? others : odd};
      std::array<double, 2> agreed = values;
      finish(agree_max(call_, agreed));
      agree_max(comm_, values);
      for (std::size_t i = 0; i < values.size(); ++i)
        EXPECT_EQ(test::bits(agreed[i]), test::bits(values[i])) << odd << " on rank " << holder;
      EXPECT_TRUE(same_on_all_ranks(comm_, {reinterpret_cast<const char*>(agreed.data()), sizeof agreed}));
      if (ranks_ > 1 && std::isnan(odd)) {
        EXPECT_EQ(test::bits(agreed[0]), test::bits(Limits::quiet_NaN()));
        EXPECT_EQ(test::bits(agreed[1]), test::bits(Limits::quiet_NaN()));
      }
    }
}

}  // namespace
}  // namespace pliant

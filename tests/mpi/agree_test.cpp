// Agreement: all ranks obtain the same values.
#include "mpi/agree.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

#include "tests/support/bits.hpp"

namespace pliant {
namespace {

class Agree : public testing::Test {
 protected:
  const Communicator comm_ = Communicator::duplicate(MPI_COMM_WORLD);
  const int rank_ = comm_.rank();
  const int last_ = comm_.ranks() - 1;
};

TEST_F(Agree, SameBytesAreSeenAsSame) {
  EXPECT_TRUE(same_on_all_ranks(comm_, ""));
  EXPECT_TRUE(same_on_all_ranks(comm_, std::string("a\0b", 3)));
}

TEST_F(Agree, OneRankThatDiffersIsSeenByAll) {
  if (last_ == 0) GTEST_SKIP() << "needs two ranks";
  EXPECT_FALSE(same_on_all_ranks(comm_, rank_ == last_ ? "other" : "text"));
  EXPECT_FALSE(same_on_all_ranks(comm_, rank_ == last_ ? "text and more" : "text"));
  EXPECT_FALSE(same_on_all_ranks(comm_, rank_ == 0 ? "" : "text"));
}

TEST_F(Agree, MaximumIsTakenElementByElement) {
  std::array<double, 3> values = {static_cast<double>(rank_), static_cast<double>(-rank_), 5};
  agree_max(comm_, values);
  EXPECT_EQ(values, (std::array<double, 3>{static_cast<double>(last_), 0, 5}));
  agree_max(comm_, {});
}

TEST_F(Agree, MaximumIsTheSameBitsForEveryValue) {
  using Limits = std::numeric_limits<double>;
  // The values of rank 0, the values of the other ranks, and the expected result.
  const std::array<std::array<double, 3>, 6> cases = {{
      {Limits::quiet_NaN(), 1, Limits::quiet_NaN()},
      {1, -Limits::quiet_NaN(), Limits::quiet_NaN()},
      {Limits::infinity(), Limits::signaling_NaN(), Limits::quiet_NaN()},
      {-0.0, 0.0, 0.0},
      {0.0, -0.0, 0.0},
      {-Limits::infinity(), Limits::lowest(), Limits::lowest()},
  }};
  for (const auto& [of_root, of_others, largest] : cases) {
    std::array<double, 1> value = {rank_ == 0 ? of_root : of_others};
    agree_max(comm_, value);
    if (last_ == 0) continue;
    EXPECT_EQ(test::bits(value[0]), test::bits(largest)) << of_root << " and " << of_others;
  }
}

TEST_F(Agree, RootsTextReplacesEverybodys) {
  const std::string of_root(10'000, 'r');
  EXPECT_EQ(share_from_root(comm_, rank_ == 0 ? of_root : "rank " + std::to_string(rank_)), of_root);
  EXPECT_EQ(share_from_root(comm_, rank_ == 0 ? "" : "not empty"), "");
}

TEST_F(Agree, EveryRanksBytesComeInOrderOfRanks) {
  // Rank r contributes r bytes of value r, so rank 0 has none.
  const std::vector<std::byte> own(static_cast<std::size_t>(rank_), static_cast<std::byte>(rank_));
  std::vector<std::byte> expected;
  for (int rank = 0; rank <= last_; ++rank)
    expected.insert(expected.end(), static_cast<std::size_t>(rank), static_cast<std::byte>(rank));
  EXPECT_EQ(gather_from_all(comm_, own), expected);
}

TEST_F(Agree, FirstRankWhere) {
  EXPECT_EQ(first_rank_where(comm_, false), -1);
  EXPECT_EQ(first_rank_where(comm_, true), 0);
  EXPECT_EQ(first_rank_where(comm_, rank_ == last_), last_);
  EXPECT_EQ(first_rank_where(comm_, rank_ > 0), last_ > 0 ? 1 : -1);
}

}  // namespace
}  // namespace pliant

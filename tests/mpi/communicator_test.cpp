// The private duplicate: its messages, its counters, and its errors if MPI fails.
#include "mpi/communicator.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "mpi/agree.hpp"

namespace pliant {
namespace {

std::vector<std::byte> message(int from, std::size_t bytes) {
  std::vector<std::byte> content(bytes);
  for (std::size_t i = 0; i < bytes; ++i)
    content[i] = static_cast<std::byte>(i * 7 + static_cast<std::size_t>(from));
  return content;
}

class CommunicatorTest : public testing::Test {
 protected:
  Communicator comm_ = Communicator::duplicate(MPI_COMM_WORLD);
  const int rank_ = comm_.rank();
  const int ranks_ = comm_.ranks();
  const int next_ = (rank_ + 1) % ranks_;
  const int previous_ = (rank_ + ranks_ - 1) % ranks_;
};

TEST_F(CommunicatorTest, KnowsItsRanks) {
  int rank = -1, ranks = -1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  EXPECT_EQ(rank_, rank);
  EXPECT_EQ(ranks_, ranks);
  int result = MPI_UNEQUAL;
  MPI_Comm_compare(comm_.handle(), MPI_COMM_WORLD, &result);
  EXPECT_EQ(result, MPI_CONGRUENT);
}

TEST_F(CommunicatorTest, ExchangesAroundARing) {
  for (const std::size_t bytes : {0, 1, 1000, 1'000'000}) {
    const std::vector<std::byte> out = message(rank_, bytes);
    std::vector<std::byte> in(bytes);
    comm_.exchange(out, next_, in, previous_);
    EXPECT_EQ(in, message(previous_, bytes)) << bytes;
  }
}

TEST_F(CommunicatorTest, SendsAndReceivesInPairs) {
  const std::size_t bytes = 300'000;  // too long to be sent before it is asked for
  if (rank_ % 2 == 0 && rank_ + 1 < ranks_) comm_.send(message(rank_, bytes), rank_ + 1);
  if (rank_ % 2 == 1) {
    std::vector<std::byte> in(bytes);
    comm_.receive(in, rank_ - 1);
    EXPECT_EQ(in, message(rank_ - 1, bytes));
  }
}

TEST_F(CommunicatorTest, MessagesKeepTheirOrder) {
  for (int i = 0; i < 20; ++i) {
    std::vector<std::byte> in(1);
    comm_.exchange(message(i, 1), next_, in, previous_);
    EXPECT_EQ(in, message(i, 1)) << i;
  }
}

TEST_F(CommunicatorTest, CountsWhatItSends) {
  EXPECT_EQ(comm_.traffic().bytes, 0);
  std::vector<std::byte> in(100);
  comm_.exchange(message(rank_, 100), next_, in, previous_);
  comm_.exchange({}, next_, {}, previous_);
  EXPECT_EQ(comm_.traffic().messages, 1);
  EXPECT_EQ(comm_.traffic().bytes, 100);
}

TEST_F(CommunicatorTest, NeverMeetsTheUsersMessages) {
  const int users = -1;
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Isend(&users, 1, MPI_INT, next_, 0, MPI_COMM_WORLD, &request);
  std::vector<std::byte> in(sizeof users);
  comm_.exchange(message(rank_, sizeof users), next_, in, previous_);
  EXPECT_EQ(in, message(previous_, sizeof users));
  int received = 0;
  MPI_Recv(&received, 1, MPI_INT, previous_, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  EXPECT_EQ(received, users);
  MPI_Wait(&request, MPI_STATUS_IGNORE);
}

TEST_F(CommunicatorTest, MovesWithoutFreeingTwice) {
  Communicator moved = std::move(comm_);
  EXPECT_EQ(moved.ranks(), ranks_);
  std::vector<std::byte> in(4);
  moved.exchange(message(rank_, 4), next_, in, previous_);
  EXPECT_EQ(in, message(previous_, 4));
}

TEST_F(CommunicatorTest, AFailedCallBecomesAnErrorWithMpisCode) {
  try {
    comm_.send(message(rank_, 4), ranks_);
    ADD_FAILURE() << "there is no rank " << ranks_;
  } catch (const Error& error) {
    int error_class = MPI_SUCCESS;
    MPI_Error_class(error.mpi_code(), &error_class);
    EXPECT_EQ(error.error_class(), ErrorClass::mpi);
    EXPECT_EQ(error_class, MPI_ERR_RANK);
    EXPECT_TRUE(std::string(error.what()).starts_with("MPI_Isend failed: ")) << error.what();
  }
  EXPECT_TRUE(comm_.has_announced_failure());
  Communicator::keep_for_ever(std::move(comm_));
}

TEST_F(CommunicatorTest, ARankThatFailsEndsTheWaitOfAllOthers) {
  if (ranks_ == 1) GTEST_SKIP() << "nobody waits";
  // The message is too long for eager sending, and rank 0 expects a shorter one, so only rank 0 ever gets a
  // wrong message. In each round at least the next rank stops.
  const std::vector<std::byte> out = message(rank_, 300'000);
  std::vector<std::byte> in(rank_ == 0 ? 200'000 : 300'000);
  const auto failure = [&](auto&& act) -> std::optional<ErrorClass> {
    try {
      act();
      return std::nullopt;
    } catch (const Error& error) {
      return error.error_class();
    }
  };
  std::optional<ErrorClass> failed;
  for (int i = 0; i <= ranks_ && !failed; ++i)
    failed = failure([&] { comm_.exchange(out, next_, in, previous_); });
  EXPECT_EQ(failed, rank_ == 0 ? ErrorClass::argument : ErrorClass::other);
  EXPECT_TRUE(comm_.has_announced_failure());
  EXPECT_TRUE(comm_.settled()) << "the memory of what was sent is the caller's again";
  Communicator::keep_for_ever(std::move(comm_));
}

TEST_F(CommunicatorTest, ARankThatFailsEndsAgreements) {
  if (ranks_ == 1) GTEST_SKIP() << "nobody waits";
  if (rank_ == ranks_ - 1) {
    comm_.announce_failure();
    return Communicator::keep_for_ever(std::move(comm_));
  }
  std::vector<double> values(100, rank_);
  EXPECT_THROW(agree_max(comm_, values), Error);
  EXPECT_THROW(gather_from_all(comm_, std::as_bytes(std::span(values))), Error);
  EXPECT_EQ(values, std::vector<double>(100, rank_));
  Communicator::keep_for_ever(std::move(comm_));
}

}  // namespace
}  // namespace pliant

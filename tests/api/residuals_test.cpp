// Residuals of blocking calls: flushed, forgotten, and found again on ranks whose buffers move.
#include <array>
#include <cmath>
#include <memory>

#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

constexpr std::size_t kCount = 3001;

Pairs topk(const char* feedback = "ef14") {
  return {{"pliant_mode", "topk"},
          {"pliant_density", "0.02"},
          {"pliant_min_bytes", "0"},
          {"pliant_error_feedback", feedback},
          {"pliant_algorithm", "allgather_topk"}};
}

std::vector<float>& operator+=(std::vector<float>& sum, const std::vector<float>& more) {
  for (std::size_t i = 0; i < more.size(); ++i) sum[i] += more[i];
  return sum;
}

/// Reduces this rank's gradient of `step` into the first `count` elements of recv. Adds the exact sum to
/// `given` and the result to `received`.
void reduce(MPI_Comm comm, int step, std::size_t count, std::vector<float>& recv, std::vector<float>& given,
            std::vector<float>& received) {
  const std::vector<float> send = gradient(rank_of(comm), step, count);
  ASSERT_EQ(
      Pliant_Allreduce_c(send.data(), recv.data(), static_cast<MPI_Count>(count), MPI_FLOAT, MPI_SUM, comm),
      MPI_SUCCESS);
  const std::vector<float> result(recv.begin(), recv.begin() + static_cast<std::ptrdiff_t>(count));
  EXPECT_TRUE(same_bits(result, comm));
  given += exact_sum(send, comm);
  received += result;
}

TEST(Residuals, AFlushAddsWhatWasNotSentOfEveryCount) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, topk()), MPI_SUCCESS);
  std::vector<float> recv(kCount);
  std::vector<float> given(kCount, 0.0F);
  std::vector<float> received(kCount, 0.0F);
  for (int step = 0; step < 3; ++step) {
    reduce(comm, 2 * step, kCount, recv, given, received);
    reduce(comm, 2 * step + 1, 700, recv, given, received);
  }
  EXPECT_NE(received, given) << "something was left out";
  std::vector<float> flushed(kCount, 1.0F);
  std::copy(flushed.begin(), flushed.end(), recv.begin());
  ASSERT_EQ(Pliant_Comm_flush(comm, recv.data()), MPI_SUCCESS);
  EXPECT_TRUE(same_bits(recv, comm));
  received += recv;
  given += flushed;  // a flush adds to what is there
  EXPECT_EQ(received, given);
  const std::vector<float> after = recv;
  ASSERT_EQ(Pliant_Comm_flush(comm, recv.data()), MPI_SUCCESS);
  EXPECT_EQ(recv, after) << "nothing is left";
}

TEST(Residuals, AFlushOfAllAddsEachToItsOwnBuffer) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, topk()), MPI_SUCCESS);
  // Ranks allocate their buffers in different orders, so addresses tell nothing about the tensor.
  std::array<std::unique_ptr<std::vector<float>>, 3> buffers;
  for (int i = 0; i < 3; ++i)
    buffers[static_cast<std::size_t>(i + comm.rank()) % 3] = std::make_unique<std::vector<float>>(kCount);
  std::array<std::vector<float>, 3> given;
  std::array<std::vector<float>, 3> received;
  for (std::size_t i = 0; i < 3; ++i) {
    given[i].assign(kCount, 0.0F);
    received[i].assign(kCount, 0.0F);
    reduce(comm, static_cast<int>(i), kCount, *buffers[i], given[i], received[i]);
    buffers[i]->assign(kCount, 0.0F);
  }
  ASSERT_EQ(Pliant_Comm_flush(comm, nullptr), MPI_SUCCESS);
  for (std::size_t i = 0; i < 3; ++i) {
    received[i] += *buffers[i];
    EXPECT_EQ(received[i], given[i]) << i;
  }
}

TEST(Residuals, AForgottenBufferGivesNothingToTheNextTensorThere) {
  for (const char* feedback : {"ef14", "ef21"})
    for (const bool all : {false, true}) {
      const FreshComm comm;
      ASSERT_EQ(set(comm, topk(feedback)), MPI_SUCCESS);
      std::vector<float> buffer = gradient(comm.rank(), 0, kCount);
      ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
      ASSERT_EQ(Pliant_Comm_forget(comm, all ? nullptr : buffer.data()), MPI_SUCCESS);
      std::fill(buffer.begin(), buffer.end(), 0.0F);
      ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
      EXPECT_EQ(buffer, std::vector<float>(kCount, 0.0F)) << feedback;
      EXPECT_EQ(report_of(comm).exact, 0);
      ASSERT_EQ(Pliant_Comm_flush(comm, nullptr), MPI_SUCCESS);
      EXPECT_EQ(buffer, std::vector<float>(kCount, 0.0F)) << feedback;
    }
}

TEST(Residuals, ForgettingOneKeepsTheOthers) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, topk()), MPI_SUCCESS);
  std::vector<float> first(kCount), second(kCount), given(kCount, 0.0F), received(kCount, 0.0F),
      dropped(kCount);
  std::vector<float> of_first(kCount);
  reduce(comm, 0, kCount, first, dropped, of_first);
  reduce(comm, 1, kCount, second, given, received);
  ASSERT_EQ(Pliant_Comm_forget(comm, first.data()), MPI_SUCCESS);
  reduce(comm, 2, kCount, second, given, received);
  second.assign(kCount, 0.0F);
  ASSERT_EQ(Pliant_Comm_flush(comm, second.data()), MPI_SUCCESS);
  received += second;
  EXPECT_EQ(received, given);
}

// Rank 0 uses one buffer where the others use two. An ef21 result is the sum of all estimates so far. If
// ranks mapped the buffers to different tensors, their bits would differ.
TEST(Residuals, RanksWhoseBuffersMoveReduceTheSameTensor) {
  for (const char* feedback : {"ef14", "ef21"}) {
    const FreshComm comm;
    ASSERT_EQ(set(comm, topk(feedback)), MPI_SUCCESS);
    std::vector<float> a(kCount), b(kCount), given(kCount, 0.0F), received(kCount, 0.0F);
    for (int step = 0; step < 6; ++step)
      reduce(comm, step, kCount, step % 2 == 0 || comm.rank() == 0 ? a : b, given, received);
    a.assign(kCount, 0.0F);
    b.assign(kCount, 0.0F);
    ASSERT_EQ(Pliant_Comm_flush(comm, nullptr), MPI_SUCCESS);
    a += b;
    EXPECT_TRUE(same_bits(a, comm)) << feedback;
    received += a;
    if (std::string(feedback) == "ef14") {
      EXPECT_EQ(received, given);
    }
  }
}

TEST(Residuals, BuffersOfDifferentCallsAreRefusedOnAllRanks) {
  const FreshComm comm;
  if (comm.ranks() < 2) GTEST_SKIP() << "needs ranks that differ";
  ASSERT_EQ(set(comm, topk()), MPI_SUCCESS);
  std::vector<float> a(kCount), b(kCount), given(kCount, 0.0F), received(kCount, 0.0F);
  reduce(comm, 0, kCount, a, given, received);
  std::vector<float>& mine = comm.rank() == 0 ? a : b;
  const std::vector<float> before = a;
  EXPECT_EQ(Pliant_Comm_flush(comm, mine.data()), MPI_ERR_BUFFER);
  EXPECT_NE(message(MPI_ERR_BUFFER).find("different calls"), std::string::npos) << message(MPI_ERR_BUFFER);
  EXPECT_EQ(Pliant_Comm_forget(comm, mine.data()), MPI_ERR_BUFFER);
  EXPECT_EQ(Pliant_Comm_flush(comm, comm.rank() == 0 ? a.data() : nullptr), MPI_ERR_BUFFER);
  EXPECT_NE(message(MPI_ERR_BUFFER).find("NULL on some ranks"), std::string::npos) << message(MPI_ERR_BUFFER);
  EXPECT_EQ(a, before);
  ASSERT_EQ(Pliant_Comm_flush(comm, b.data()), MPI_SUCCESS) << "a buffer of no call holds nothing";
  a.assign(kCount, 0.0F);
  ASSERT_EQ(Pliant_Comm_flush(comm, a.data()), MPI_SUCCESS);
  received += a;
  EXPECT_EQ(received, given) << "refused calls changed nothing";
}

TEST(Residuals, CommunicatorsWithoutAnyHaveNothingToFlush) {
  const FreshComm comm;
  std::vector<float> buffer(10, 1.0F);
  EXPECT_EQ(Pliant_Comm_flush(comm, nullptr), MPI_SUCCESS);
  EXPECT_EQ(Pliant_Comm_forget(comm, buffer.data()), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), 10, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  const std::vector<float> result = buffer;
  EXPECT_EQ(Pliant_Comm_flush(comm, buffer.data()), MPI_SUCCESS);
  EXPECT_EQ(buffer, result);
}

TEST(Residuals, ExactModeAddsNoneAndSaysWhereTheyAre) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, topk()), MPI_SUCCESS);
  std::vector<float> recv(kCount), given(kCount, 0.0F), received(kCount, 0.0F);
  reduce(comm, 0, kCount, recv, given, received);
  testing::internal::CaptureStderr();
  for (const char* mode : {"exact", "topk", "exact"})
    EXPECT_EQ(set(comm, {{"pliant_mode", mode}, {"pliant_algorithm", "auto"}}), MPI_SUCCESS);
  const std::string said = testing::internal::GetCapturedStderr();
  const std::size_t where = said.find("Pliant_Comm_flush");
  EXPECT_EQ(where != std::string::npos, comm.rank() == 0) << said;
  if (comm.rank() == 0) {
    EXPECT_EQ(said.find("Pliant_Comm_flush", where + 1), std::string::npos) << "once: " << said;
  }
  std::vector<float> exact = gradient(comm.rank(), 1, kCount);
  const std::vector<float> sum = exact_sum(exact, comm);
  ASSERT_EQ(Pliant_Allreduce(exact.data(), recv.data(), kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(recv, sum) << "exact is MPI's sum";
  recv.assign(kCount, 0.0F);
  ASSERT_EQ(Pliant_Comm_flush(comm, recv.data()), MPI_SUCCESS);
  received += recv;
  EXPECT_EQ(received, given) << "nothing was lost meanwhile";
}

TEST(Residuals, AnotherCountOfABufferIsSaidOnce) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, topk()), MPI_SUCCESS);
  std::vector<float> recv(kCount), given(kCount, 0.0F), received(kCount, 0.0F);
  testing::internal::CaptureStderr();
  for (const std::size_t count : {kCount, kCount - 1, kCount - 2})
    reduce(comm, 0, count, recv, given, received);
  const std::string said = testing::internal::GetCapturedStderr();
  const std::size_t where = said.find("several counts");
  EXPECT_EQ(where != std::string::npos, comm.rank() == 0) << said;
  if (comm.rank() == 0) {
    EXPECT_EQ(said.find("several counts", where + 1), std::string::npos) << "once: " << said;
  }
}

TEST(Residuals, ForgettingMakesRoomForOthers) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, topk()), MPI_SUCCESS);
  std::vector<float> recv(200), given(200, 0.0F), received(200, 0.0F);
  for (std::size_t count = 100; count < 164; ++count) {
    reduce(comm, 0, count, recv, given, received);
    ASSERT_EQ(report_of(comm).exact, 0) << count;
  }
  reduce(comm, 0, 164, recv, given, received);
  EXPECT_EQ(report_of(comm).exact, 1) << "the 65th";
  ASSERT_EQ(Pliant_Comm_forget(comm, recv.data()), MPI_SUCCESS);
  reduce(comm, 0, 164, recv, given, received);
  EXPECT_EQ(report_of(comm).exact, 0);
}

TEST(Residuals, WhereRanksHaveStartedDifferentRequestsAFlushFailsOnAll) {
  const FreshComm comm;
  if (comm.ranks() < 2) GTEST_SKIP() << "needs ranks that differ";
  ASSERT_EQ(set(comm, topk()), MPI_SUCCESS);
  std::vector<float> recv(kCount), given(kCount, 0.0F), received(kCount, 0.0F);
  reduce(comm, 0, kCount, recv, given, received);
  std::vector<float> values = gradient(comm.rank(), 1, kCount);
  Pliant_Request request = PLIANT_REQUEST_NULL;
  ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, values.data(), kCount, MPI_FLOAT, MPI_SUM, comm,
                                  MPI_INFO_NULL, &request),
            MPI_SUCCESS);
  if (comm.rank() == 0) {
    ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
  }
  const std::vector<float> before = recv;
  EXPECT_EQ(Pliant_Comm_flush(comm, recv.data()), MPI_ERR_REQUEST);
  EXPECT_EQ(Pliant_Request_flush(request), MPI_ERR_REQUEST);
  EXPECT_EQ(Pliant_Comm_probe(comm), MPI_ERR_REQUEST);
  EXPECT_EQ(recv, before);
  if (comm.rank() != 0) {
    ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
  }
  recv.assign(kCount, 0.0F);
  EXPECT_EQ(Pliant_Comm_flush(comm, recv.data()), MPI_SUCCESS) << "the request ends first";
  received += recv;
  EXPECT_EQ(received, given);
  // Only rank 0 waits, so the others' request is still active.
  if (comm.rank() == 0) {
    ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
  }
  EXPECT_EQ(Pliant_Request_flush(request), MPI_ERR_REQUEST);
  ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
  EXPECT_TRUE(same_bits(values, comm));
  EXPECT_EQ(Pliant_Request_flush(request), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
}

}  // namespace

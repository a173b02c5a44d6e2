// Failures of NCCL's double: ranks that disagree or do not come, errors, and aborting a communicator.
#include <vector>

#include "tests/support/device_double/nccl_fixture.hpp"

namespace pliant::test {
namespace {

class NcclFailures : public NcclTest {
 protected:
  void SetUp() override {
    NcclTest::SetUp();
    memory_ = device_double().upload(std::vector<int>(8, 1));
    ASSERT_EQ(cuda().event_create(&event_), 0);
  }
  void TearDown() override {
    EXPECT_EQ(cuda().event_destroy(event_), device_double().sticky());
    EXPECT_EQ(cuda().free(memory_), device_double().sticky());
    NcclTest::TearDown();
  }
  int all_reduce(cuda::NcclComm comm, std::size_t count, ReduceOp op = ReduceOp::sum) {
    const int code = nccl().all_reduce(memory_, memory_, count, ElementType::int32, op, comm, nullptr);
    const int end = code == nccl().in_progress ? settled(comm) : code;
    EXPECT_EQ(cuda().event_record(event_, nullptr), 0);
    return end;
  }
  /// Polls the stream until the communicator has an error. Its collective must not end.
  int error_of(cuda::NcclComm comm) {
    int code = 0;
    for (const double end_s = monotonic_s() + 30; code == 0 && monotonic_s() < end_s;) {
      EXPECT_EQ(cuda().event_query(event_), cuda().not_ready);
      EXPECT_EQ(nccl().comm_get_async_error(comm, &code), 0);
    }
    return code;
  }
  /// Aborts. The stream must go on, and the collective's output must be unchanged.
  void expect_clean_abort(cuda::NcclComm comm) {
    EXPECT_EQ(cuda().event_query(event_), cuda().not_ready);
    EXPECT_EQ(nccl().comm_abort(comm), 0);
    EXPECT_EQ(settled_event(event_), 0);
    EXPECT_EQ(device_double().download(memory_, 8), std::vector<int>(8, 1));
  }

  int* memory_ = nullptr;
  cuda::Event event_ = nullptr;
};

TEST_F(NcclFailures, RanksThatDisagreeAllHearOfIt) {
  if (ranks_ == 1) GTEST_SKIP() << "one rank agrees with itself";
  const bool odd = rank_ == ranks_ - 1;
  const auto expect_mismatch = [&](cuda::NcclComm comm) {
    EXPECT_EQ(error_of(comm), kNcclInvalidUsage);
    expect_clean_abort(comm);
  };
  cuda::NcclComm comm = ready_comm();
  EXPECT_EQ(all_reduce(comm, odd ? 7 : 8), 0);
  expect_mismatch(comm);
  comm = ready_comm();
  EXPECT_EQ(all_reduce(comm, 8, odd ? ReduceOp::min : ReduceOp::sum), 0);
  expect_mismatch(comm);
  comm = ready_comm();
  EXPECT_EQ(nccl().broadcast(memory_, 8, odd ? 0 : 1, comm, nullptr), nccl().in_progress);
  EXPECT_EQ(settled(comm), 0);
  EXPECT_EQ(cuda().event_record(event_, nullptr), 0);
  expect_mismatch(comm);
}

TEST_F(NcclFailures, TheOrderOfCallsIsTheSameOnAllRanks) {
  if (ranks_ == 1) GTEST_SKIP() << "one rank has one order";
  const cuda::NcclComm comm = ready_comm();
  for (int call = 0; call < 2; ++call) {
    const bool reduces = (call == 0) == (rank_ == 0);
    const int code =
        reduces ? nccl().all_reduce(memory_, memory_, 8, ElementType::int32, ReduceOp::sum, comm, nullptr)
                : nccl().broadcast(memory_, 8, 0, comm, nullptr);
    EXPECT_EQ(code, nccl().in_progress);
    const int settled_code = settled(comm);
    EXPECT_TRUE(settled_code == 0 || settled_code == kNcclInvalidUsage);
  }
  EXPECT_EQ(cuda().event_record(event_, nullptr), 0);
  EXPECT_EQ(error_of(comm), kNcclInvalidUsage);
  expect_clean_abort(comm);
}

TEST_F(NcclFailures, ACollectiveThatHangsEndsByAbort) {
  const cuda::NcclComm comm = ready_comm();
  if (rank_ == ranks_ - 1) nccl_double().hang_operation(1);
  EXPECT_EQ(all_reduce(comm, 8), 0);
  EXPECT_EQ(settled_event(event_, /*limit_s=*/0.1), cuda().not_ready);
  EXPECT_EQ(settled(comm), 0) << "a hang is no error";
  expect_clean_abort(comm);
  const cuda::NcclComm next = ready_comm();
  EXPECT_EQ(all_reduce(next, 8), 0);
  EXPECT_EQ(settled_event(event_), 0);
  EXPECT_EQ(device_double().download(memory_, 8), std::vector<int>(8, ranks_));
  EXPECT_EQ(nccl().comm_destroy(next), 0);
}

TEST_F(NcclFailures, ARankThatDoesNotComeIsWaitedForWithoutBlocking) {
  const cuda::NcclComm comm = ready_comm();
  const bool comes = rank_ != 0 || ranks_ == 1;
  if (comes) {
    EXPECT_EQ(all_reduce(comm, 8), 0);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  if (comes) {
    EXPECT_EQ(settled_event(event_, /*limit_s=*/0.1), ranks_ == 1 ? 0 : cuda().not_ready);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  EXPECT_EQ(nccl().comm_abort(comm), 0);
  EXPECT_EQ(settled_event(event_), 0);
}

TEST_F(NcclFailures, AnAsynchronousErrorStays) {
  const cuda::NcclComm comm = ready_comm();
  nccl_double().fail_operation(2, kNcclRemoteError);
  EXPECT_EQ(all_reduce(comm, 8, ReduceOp::max), 0);
  EXPECT_EQ(settled_event(event_), 0);
  EXPECT_EQ(all_reduce(comm, 8), 0);
  EXPECT_EQ(error_of(comm), kNcclRemoteError);
  EXPECT_EQ(nccl().all_reduce(memory_, memory_, 8, ElementType::int32, ReduceOp::sum, comm, nullptr),
            kNcclInvalidArgument);
  EXPECT_EQ(nccl().comm_finalize(comm), kNcclInvalidArgument);
  EXPECT_EQ(nccl().comm_destroy(comm), kNcclInvalidUsage);
  expect_clean_abort(comm);
}

TEST_F(NcclFailures, ACommunicatorThatIsNeverReady) {
  nccl_double().reset({.init_hangs = rank_ == 0});
  const cuda::NcclUniqueId id = shared_id();
  cuda::NcclComm comm = nullptr;
  EXPECT_EQ(nccl().comm_init_rank(&comm, ranks_, &id, rank_), nccl().in_progress);
  EXPECT_EQ(settled(comm, /*limit_s=*/0.1), nccl().in_progress);
  EXPECT_EQ(nccl().all_reduce(memory_, memory_, 8, ElementType::int32, ReduceOp::sum, comm, nullptr),
            kNcclInvalidArgument);
  EXPECT_EQ(nccl().comm_destroy(comm), kNcclInvalidUsage);
  EXPECT_EQ(nccl().comm_abort(comm), 0);
  EXPECT_EQ(nccl().comm_abort(comm), kNcclInvalidArgument) << "twice";
}

TEST_F(NcclFailures, ATwiceTakenRankIsRefused) {
  if (ranks_ == 1) GTEST_SKIP() << "takes two";
  const cuda::NcclUniqueId id = shared_id();
  cuda::NcclComm comm = nullptr;
  EXPECT_EQ(nccl().comm_init_rank(&comm, ranks_, &id, 0), nccl().in_progress);
  EXPECT_EQ(settled(comm), kNcclInvalidUsage);
  EXPECT_EQ(nccl().comm_abort(comm), 0);
}

TEST_F(NcclFailures, PlannedAndWrongCalls) {
  nccl_double().fail("get_unique_id", 1, kNcclSystemError);
  cuda::NcclUniqueId id{};
  EXPECT_EQ(nccl().get_unique_id(&id), kNcclSystemError);
  cuda::NcclComm comm = nullptr;
  EXPECT_EQ(nccl().comm_init_rank(&comm, ranks_, &id, rank_), kNcclInvalidArgument) << "an id that is none";
  EXPECT_EQ(nccl().get_unique_id(&id), 0);
  EXPECT_EQ(nccl().comm_init_rank(&comm, ranks_, &id, ranks_), kNcclInvalidArgument);
  EXPECT_EQ(nccl().comm_init_rank(&comm, 0, &id, 0), kNcclInvalidArgument);
  comm = ready_comm();
  EXPECT_EQ(nccl().broadcast(memory_, 8, ranks_, comm, nullptr), kNcclInvalidArgument);
  EXPECT_EQ(nccl().broadcast(nullptr, 8, 0, comm, nullptr), kNcclInvalidArgument);
  EXPECT_EQ(nccl().broadcast(memory_, 8, 0, memory_, nullptr), kNcclInvalidArgument) << "no communicator";
  EXPECT_STREQ(nccl().get_error_string(kNcclInvalidUsage), "invalid usage");
  EXPECT_EQ(nccl().comm_destroy(comm), 0);
}

TEST_F(NcclFailures, HostMemoryBreaksTheDevice) {
  std::vector<int> host(8, 1);
  const cuda::NcclComm comm = ready_comm();
  EXPECT_EQ(nccl().all_reduce(host.data(), memory_, 8, ElementType::int32, ReduceOp::sum, comm, nullptr),
            nccl().in_progress);
  EXPECT_EQ(settled(comm), 0);
  EXPECT_EQ(cuda().stream_synchronize(nullptr), kIllegalAddress);
  EXPECT_EQ(settled(comm), kNcclUnhandledCudaError);
  EXPECT_EQ(nccl().comm_abort(comm), 0);
}

}  // namespace
}  // namespace pliant::test

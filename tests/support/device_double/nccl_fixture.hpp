// A test on both doubles and all ranks. Each test starts with fresh doubles and must leave nothing allocated.
#pragma once

#include <gtest/gtest.h>
#include <mpi.h>

#include "core/monotonic.hpp"
#include "fixture.hpp"
#include "nccl_double.hpp"

namespace pliant::test {

class NcclTest : public DeviceTest {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    nccl_double().reset();
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks_);
    MPI_Barrier(MPI_COMM_WORLD);
  }
  void TearDown() override {
    EXPECT_EQ(nccl_double().leaks(), "") << "left by the test";
    DeviceTest::TearDown();
    MPI_Barrier(MPI_COMM_WORLD);
  }

  static const cuda::NcclCalls& nccl() { return *cuda::nccl_calls(); }

  /// Polls comm_get_async_error until it is not in_progress. Returns in_progress after the time limit.
  static int settled(cuda::NcclComm comm, double limit_s = 30) {
    int code = nccl().in_progress;
    for (const double end_s = monotonic_s() + limit_s; code == nccl().in_progress && monotonic_s() < end_s;)
      if (const int failed = nccl().comm_get_async_error(comm, &code); failed != 0) return failed;
    return code;
  }
  /// Polls event_query until it is not not_ready. Returns not_ready after the time limit.
  static int settled_event(cuda::Event event, double limit_s = 30) {
    int code = cuda().not_ready;
    for (const double end_s = monotonic_s() + limit_s; code == cuda().not_ready && monotonic_s() < end_s;)
      code = cuda().event_query(event);
    return code;
  }
  /// An id made by rank 0 for all ranks of MPI_COMM_WORLD.
  cuda::NcclUniqueId shared_id() const {
    cuda::NcclUniqueId id{};
    if (rank_ == 0) {
      EXPECT_EQ(nccl().get_unique_id(&id), 0);
    }
    MPI_Bcast(id.data(), static_cast<int>(id.size()), MPI_CHAR, 0, MPI_COMM_WORLD);
    return id;
  }
  /// A ready communicator of all ranks of MPI_COMM_WORLD.
  cuda::NcclComm ready_comm() const {
    const cuda::NcclUniqueId id = shared_id();
    cuda::NcclComm comm = nullptr;
    EXPECT_EQ(nccl().comm_init_rank(&comm, ranks_, &id, rank_), nccl().in_progress);
    EXPECT_EQ(settled(comm), 0);
    return comm;
  }

  int rank_ = 0, ranks_ = 1;
};

}  // namespace pliant::test

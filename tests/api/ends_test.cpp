// MPI_Comm_free and Pliant_Request_free are local: they send nothing and wait for no rank. Contexts end when
// their ranks next communicate anyway.
#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "tests/api/api_support.hpp"

namespace {

std::atomic<int> communicators{0};  ///< number made minus number freed
std::atomic<int> calls{0};          ///< calls that could synchronise ranks

}  // namespace

/// MPI's profiling interface.
extern "C" {
int MPI_Comm_dup(MPI_Comm comm, MPI_Comm* made) {
  ++communicators;
  return PMPI_Comm_dup(comm, made);
}
int MPI_Comm_split(MPI_Comm comm, int color, int key, MPI_Comm* made) {
  ++communicators;
  return PMPI_Comm_split(comm, color, key, made);
}
int MPI_Comm_split_type(MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm* made) {
  ++communicators;
  return PMPI_Comm_split_type(comm, type, key, info, made);
}
int MPI_Comm_free(MPI_Comm* comm) {
  --communicators;
  return PMPI_Comm_free(comm);
}
int MPI_Isend(const void* data, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm,
              MPI_Request* request) {
  ++calls;
  return PMPI_Isend(data, count, type, to, tag, comm, request);
}
int MPI_Iallreduce(const void* send, void* recv, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm,
                   MPI_Request* request) {
  ++calls;
  return PMPI_Iallreduce(send, recv, count, type, op, comm, request);
}
int MPI_Ibarrier(MPI_Comm comm, MPI_Request* request) {
  ++calls;
  return PMPI_Ibarrier(comm, request);
}
}

namespace {

using namespace pliant_test;

/// A communicator of the program, which the test frees itself.
MPI_Comm duplicate_of_world() {
  MPI_Comm made = MPI_COMM_NULL;
  MPI_Comm_dup(MPI_COMM_WORLD, &made);
  MPI_Comm_set_errhandler(made, MPI_ERRORS_RETURN);
  return made;
}

void reduce_one(MPI_Comm comm) {
  float one = 1;
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, &one, 1, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(one, static_cast<float>(ranks_of(comm)));
}

/// A request that sums `values` in place.
struct Sum {
  explicit Sum(MPI_Comm comm, std::size_t count = 1000) : values(count) {
    EXPECT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, values.data(), static_cast<MPI_Count>(count), MPI_FLOAT,
                                    MPI_SUM, comm, MPI_INFO_NULL, &request),
              MPI_SUCCESS);
  }
  void run(float value) {
    std::fill(values.begin(), values.end(), value);
    ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
    EXPECT_EQ(values.back(), value * static_cast<float>(ranks_of(MPI_COMM_WORLD)));
  }

  std::vector<float> values;
  Pliant_Request request = PLIANT_REQUEST_NULL;
};

/// Each rank acts only after the one before it has returned, so an act that waits for another rank hangs.
template <class Act>
void one_after_the_other(Act&& act) {
  const int rank = rank_of(MPI_COMM_WORLD);
  int token = 0;
  if (rank > 0) MPI_Recv(&token, 1, MPI_INT, rank - 1, 7, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  const int before = calls;
  act();
  EXPECT_EQ(calls - before, 0) << "a local call asked others";
  if (rank + 1 < ranks_of(MPI_COMM_WORLD)) MPI_Send(&token, 1, MPI_INT, rank + 1, 7, MPI_COMM_WORLD);
}

TEST(Ends, FreeingACommunicatorIsLocal) {
  MPI_Comm comm = duplicate_of_world();
  reduce_one(comm);
  one_after_the_other([&] { MPI_Comm_free(&comm); });
}

TEST(Ends, FreeingARequestIsLocalInAnyOrderWithItsCommunicator) {
  const bool request_first = rank_of(MPI_COMM_WORLD) % 2 == 0;
  MPI_Comm comm = duplicate_of_world();
  Sum sum(comm);
  sum.run(1);
  const auto free_request = [&] { EXPECT_EQ(Pliant_Request_free(&sum.request), MPI_SUCCESS); };
  one_after_the_other([&] {
    if (request_first) free_request();
    MPI_Comm_free(&comm);
    if (!request_first) free_request();
  });
  EXPECT_EQ(sum.request, PLIANT_REQUEST_NULL);
}

/// As in MPI, a communicator lives as long as something refers to it.
TEST(Ends, ARequestOutlivesItsCommunicator) {
  MPI_Comm comm = duplicate_of_world();
  Sum sum(comm, 40'000);
  MPI_Comm_free(&comm);
  const FreshComm another;  // its context asks who has ended
  reduce_one(another);
  for (int step = 1; step < 4; ++step) sum.run(static_cast<float>(step));
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  EXPECT_NE(Pliant_Test(sum.request, nullptr), MPI_SUCCESS) << "raised on MPI_COMM_WORLD";
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
  one_after_the_other([&] { EXPECT_EQ(Pliant_Request_free(&sum.request), MPI_SUCCESS); });
}

/// One rank keeps its request. The others' communicators and contexts cannot end yet, but no rank waits.
TEST(Ends, WhatOneRankKeepsHoldsNobodyUp) {
  MPI_Comm comm = duplicate_of_world();
  Sum sum(comm);
  const bool keeps = rank_of(MPI_COMM_WORLD) == 0;
  if (!keeps) {
    EXPECT_EQ(Pliant_Request_free(&sum.request), MPI_SUCCESS);
  }
  MPI_Comm_free(&comm);
  for (int i = 0; i < 3; ++i) {
    const FreshComm another;
    reduce_one(another);
  }
  if (keeps) {
    EXPECT_EQ(Pliant_Request_free(&sum.request), MPI_SUCCESS);
  }
}

TEST(Ends, CommunicatorsThatComeAndGoLeaveNothing) {
  const int before = communicators;
  for (int i = 0; i < 200; ++i) {
    MPI_Comm comm = duplicate_of_world();
    reduce_one(comm);
    MPI_Comm_free(&comm);
  }
  EXPECT_LE(communicators - before, 2) << "only the last one has not met the others since";
}

/// The halves end contexts that overlap with those of all ranks, each half in a different order.
TEST(Ends, PartsOfTheRanksEndInAnAgreedOrder) {
  const int rank = rank_of(MPI_COMM_WORLD);
  const int before = communicators;
  for (int i = 0; i < 20; ++i) {
    std::array<MPI_Comm, 2> comms = {MPI_COMM_NULL, MPI_COMM_NULL};
    MPI_Comm_split(MPI_COMM_WORLD, rank % 2, 0, &comms[0]);
    MPI_Comm_dup(MPI_COMM_WORLD, &comms[1]);
    reduce_one(comms[0]);
    reduce_one(comms[1]);
    MPI_Comm_free(&comms[static_cast<std::size_t>(rank % 2)]);
    MPI_Comm_free(&comms[static_cast<std::size_t>(1 - rank % 2)]);
  }
  EXPECT_LE(communicators - before, 3);
}

}  // namespace

// PLIANT_ENABLE=0: every call goes straight to MPI, and Pliant makes no state. The setting is read once per
// process, so this is a program of its own.
#include <cstdlib>

#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

TEST(Disabled, PassesThroughAndLeavesNoTrace) {
  setenv("PLIANT_ENABLE", "0", 1);
  setenv("PLIANT_MODE", "topk", 1);
  const FreshComm comm;
  std::vector<float> values = gradient(comm.rank(), 0, 50000);
  const std::vector<float> expected = exact_sum(values, comm);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 50000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(values, expected);
  Pliant_Report report{};
  report.size = sizeof report;
  EXPECT_EQ(Pliant_Comm_get_report(comm, &report), MPI_ERR_OTHER) << "no context was made";

  fill_gradient(values, comm.rank(), 1);
  const std::vector<float> next = exact_sum(values, comm);
  Pliant_Request request = PLIANT_REQUEST_NULL;
  ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, values.data(), 50000, MPI_FLOAT, MPI_SUM, comm, MPI_INFO_NULL,
                                  &request),
            MPI_SUCCESS);
  ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
  EXPECT_EQ(values, next);
  EXPECT_STREQ(report_of(request).reason, "mpi: PLIANT_ENABLE = 0");
  ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  // The request has made a context. Its blocking calls still go to MPI, which takes buffers that overlap.
  ASSERT_EQ(Pliant_Allreduce(values.data(), values.data() + 1, 4, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
}

/// Reduces by a blocking call, and by a request of two tensors that share their memory.
void expect_all_pass(void* recvbuf, MPI_Count count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  EXPECT_EQ(Pliant_Allreduce_c(MPI_IN_PLACE, recvbuf, count, type, op, comm), MPI_SUCCESS);
  const void* const sends[] = {MPI_IN_PLACE, MPI_IN_PLACE};
  void* const recvs[] = {recvbuf, recvbuf};
  const MPI_Count counts[] = {count, count};
  Pliant_Request request = PLIANT_REQUEST_NULL;
  ASSERT_EQ(Pliant_Grouped_allreduce_init(2, sends, recvs, counts, type, op, comm, MPI_INFO_NULL, &request),
            MPI_SUCCESS);
  EXPECT_EQ(Pliant_Start(request), MPI_SUCCESS);
  EXPECT_EQ(Pliant_Wait(request), MPI_SUCCESS);
  EXPECT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
}

TEST(Disabled, MpisRulesHold) {
  setenv("PLIANT_ENABLE", "0", 1);
  setenv("PLIANT_DENSITY", "not a number", 1);
  const FreshComm comm;
  int value = 1;
  MPI_Aint at = 0;
  MPI_Get_address(&value, &at);
  int lengths[] = {1, 0};
  MPI_Datatype integer = MPI_INT;
  MPI_Datatype absolute = MPI_DATATYPE_NULL;
  MPI_Datatype empty = MPI_DATATYPE_NULL;
  MPI_Type_create_struct(1, &lengths[0], &at, &integer, &absolute);
  MPI_Type_create_struct(1, &lengths[1], &at, &integer, &empty);
  MPI_Type_commit(&absolute);
  MPI_Type_commit(&empty);
  MPI_Op add = MPI_OP_NULL;
  MPI_Op_create(add_ints, 1, &add);

  expect_all_pass(MPI_BOTTOM, 1, absolute, add, comm);
  const int ranks = comm.ranks();
  EXPECT_EQ(value, ranks * ranks * ranks);
  expect_all_pass(nullptr, (MPI_Count{1} << 31) + 3, empty, add, comm);
  expect_all_pass(nullptr, 0, MPI_FLOAT, MPI_SUM, comm);

  MPI_Op_free(&add);
  MPI_Type_free(&absolute);
  MPI_Type_free(&empty);
  unsetenv("PLIANT_DENSITY");
}

}  // namespace

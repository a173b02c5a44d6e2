// PLIANT_ENABLE=0: every call goes straight to MPI, and no state of ours is made. Read once a process, hence
// a program of its own.
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
}

}  // namespace

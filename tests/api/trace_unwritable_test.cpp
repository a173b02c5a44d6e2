// A trace that cannot be written never fails a collective: rank 0 warns once, and tracing stops.
#include <cstdlib>

#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

TEST(TraceUnwritable, WarnsOnceAndReducesAllTheSame) {
  setenv("PLIANT_TRACE", "/nonexistent/folder/trace.h5", 1);
  const FreshComm comm;
  testing::internal::CaptureStderr();
  for (int step = 0; step < 3; ++step) {
    std::vector<float> values = gradient(comm.rank(), step, 10000);
    const std::vector<float> expected = exact_sum(values, comm);
    EXPECT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 10000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
    EXPECT_EQ(values, expected);
  }
  const std::string said = testing::internal::GetCapturedStderr();
  const std::size_t first = said.find("tracing is off");
  if (comm.rank() == 0) {
    ASSERT_NE(first, std::string::npos) << said;
    EXPECT_NE(said.find("/nonexistent/folder/trace.h5"), std::string::npos) << said;
    EXPECT_EQ(said.find("tracing is off", first + 1), std::string::npos) << said;
  } else {
    EXPECT_EQ(first, std::string::npos) << said;
  }
}

}  // namespace

// Ranks that disagree on the count, without PLIANT_CHECK: an error, and no byte beyond the buffers.
#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

class Lengths : public testing::TestWithParam<const char*> {};

TEST_P(Lengths, ThatDifferAreErrorsAndStayInTheirBuffers) {
  const FreshComm comm;
  ASSERT_EQ(comm.ranks(), 2);
  ASSERT_EQ(set(comm, {{"pliant_algorithm", GetParam()}}), MPI_SUCCESS);
  // Both are long enough for the network to be measured first: ranks that differ in this, too, wait for ever.
  const std::size_t count = comm.rank() == 0 ? 8000 : 6000;
  std::vector<float> values(count + 20'000, -1.0F);
  std::fill(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count), 2.0F);
  const int code =
      Pliant_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(count), MPI_FLOAT, MPI_SUM, comm);
  EXPECT_EQ(code, MPI_ERR_ARG) << message(code);
  const int other = 1 - comm.rank();
  EXPECT_NE(message(code).find("rank " + std::to_string(other) + " sent"), std::string::npos)
      << message(code);
  EXPECT_EQ(std::count(values.begin() + static_cast<std::ptrdiff_t>(count), values.end(), -1.0F), 20'000);
}

INSTANTIATE_TEST_SUITE_P(OfOneMessageEach, Lengths,
                         testing::Values("ring", "recursive_doubling", "rabenseifner"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace

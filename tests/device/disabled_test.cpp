// A library built without CUDA, in a program that uses a GPU: device pointers are refused, not dereferenced.
#include "kernels/cuda/calls.hpp"
#include "tests/api/api_support.hpp"

extern "C" int stub_device_memory[1000];

namespace {

using namespace pliant_test;

TEST(WithoutCuda, ADevicePointerIsAClearError) {
  ASSERT_EQ(pliant::cuda::calls(), nullptr);
  const FreshComm comm;
  for (int i = 0; i < 3; ++i) {
    const int code = Pliant_Allreduce(MPI_IN_PLACE, stub_device_memory, 1000, MPI_INT, MPI_SUM, comm);
    EXPECT_EQ(code, MPI_ERR_BUFFER);
    EXPECT_NE(message(code).find("a buffer lies in a GPU's memory (this build of Pliant has no CUDA)"),
              std::string::npos)
        << message(code);
  }
  std::vector<int> values(1000, 1);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 1000, MPI_INT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(values[0], comm.ranks());
  // Short calls, whose kind is known by now, look as well.
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 1000, MPI_INT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(Pliant_Allreduce(MPI_IN_PLACE, stub_device_memory, 1000, MPI_INT, MPI_SUM, comm), MPI_ERR_BUFFER);
}

}  // namespace

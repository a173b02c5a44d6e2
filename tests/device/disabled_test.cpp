// A library without CUDA in a program that uses a GPU: it refuses device pointers instead of dereferencing
// them.
#include "kernels/cuda/calls.hpp"
#include "tests/api/api_support.hpp"

extern "C" int stub_device_memory[1000], stub_managed_memory[1000], stub_pinned_memory[1000];
extern "C" int stub_is_initialized, stub_failure;

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
  // Short calls of a known kind must check the pointer too.
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 1000, MPI_INT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(Pliant_Allreduce(MPI_IN_PLACE, stub_device_memory, 1000, MPI_INT, MPI_SUM, comm), MPI_ERR_BUFFER);
}

TEST(WithoutCuda, TheDriverTellsWhosePointersAre) {
  using pliant::cuda::MemoryKind;
  const auto found = [](const void* pointer) {
    pliant::cuda::PointerFacts facts;
    EXPECT_EQ(pliant::cuda::find_memory(&facts, pointer), 0);
    return std::pair(facts.kind, facts.device);
  };
  const int host = 0;
  EXPECT_EQ(found(stub_device_memory + 999), std::pair(MemoryKind::device, 2));
  EXPECT_EQ(found(stub_managed_memory), std::pair(MemoryKind::managed, 2));
  EXPECT_EQ(found(stub_pinned_memory), std::pair(MemoryKind::pinned, 2));
  EXPECT_EQ(found(&host), std::pair(MemoryKind::host, -1));
  EXPECT_EQ(found(nullptr), std::pair(MemoryKind::host, -1));
  stub_is_initialized = 0;
  EXPECT_EQ(found(stub_device_memory), std::pair(MemoryKind::host, -1)) << "no device's memory can be there";
  stub_is_initialized = 1;
}

TEST(WithoutCuda, WhereTheDriverFailsHostMemoryIsStillReduced) {
  const FreshComm comm;
  std::vector<int> values(10, 1);
  stub_failure = 700;
  EXPECT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 10, MPI_INT, MPI_SUM, comm), MPI_SUCCESS);
  stub_failure = 0;
  EXPECT_EQ(values[0], comm.ranks());
}

}  // namespace

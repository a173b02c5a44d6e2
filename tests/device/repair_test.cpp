// A broken communicator with a device is repaired: NCCL connects again.
#include "tests/device/device_support.hpp"
#include "tests/support/damaged_message.hpp"

namespace {

using namespace pliant_test;

constexpr int kCount = 9000;

class DeviceRepair : public DeviceCall {};

Pliant_Request init(MPI_Comm comm, const DeviceBuffer<float>& buffer, const char* algorithm) {
  MPI_Info info = MPI_INFO_NULL;
  MPI_Info_create(&info);
  MPI_Info_set(info, "pliant_mode", "topk");
  MPI_Info_set(info, "pliant_min_bytes", "0");
  MPI_Info_set(info, "pliant_algorithm", algorithm);
  Pliant_Request request = PLIANT_REQUEST_NULL;
  EXPECT_EQ(
      Pliant_Allreduce_init(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm, info, &request),
      MPI_SUCCESS);
  MPI_Info_free(&info);
  return request;
}

TEST_F(DeviceRepair, NcclConnectsAnewAndResidualsStay) {
  const FreshComm comm;
  if (comm.ranks() == 1) GTEST_SKIP() << "one rank sends no messages";
  const DeviceBuffer<float> of_nccl(gradient(comm.rank(), 0, kCount));
  const DeviceBuffer<float> coded(gradient(comm.rank(), 1, kCount));
  Pliant_Request by_nccl = init(comm, of_nccl, "nccl_star");
  Pliant_Request by_messages = init(comm, coded, "allgather_topk");
  pliant::test::damages_next = comm.rank() == comm.ranks() - 1;
  Pliant_Start(by_messages);
  Pliant_Start(by_nccl);
  const int codes[] = {Pliant_Wait(by_messages), Pliant_Wait(by_nccl)};
  int failed = codes[0] != MPI_SUCCESS || codes[1] != MPI_SUCCESS ? 1 : 0;
  pliant::test::damages_next = false;
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, comm);
  ASSERT_EQ(failed, 1);
  ASSERT_EQ(Pliant_Comm_repair(comm), MPI_SUCCESS);
  for (int step = 0; step < 3; ++step) {
    ASSERT_EQ(Pliant_Start(by_nccl), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Start(by_messages), MPI_SUCCESS);
    const int code = Pliant_Wait(by_nccl);
    ASSERT_EQ(code, MPI_SUCCESS) << message(code);
    ASSERT_EQ(Pliant_Wait(by_messages), MPI_SUCCESS);
    EXPECT_STREQ(report_of(by_nccl).algorithm, "nccl_star");
    for (const DeviceBuffer<float>* buffer : {&of_nccl, &coded}) EXPECT_TRUE(same_bits(buffer->get(), comm));
  }
  EXPECT_EQ(Pliant_Request_free(&by_nccl), MPI_SUCCESS);
  EXPECT_EQ(Pliant_Request_free(&by_messages), MPI_SUCCESS);
}

}  // namespace

// Behaves as if MPI accepted pointers to device memory (PLIANT_CUDA_AWARE=1). The double opens its memory to
// MPI.
#include "tests/device/device_support.hpp"

namespace {

using namespace pliant_test;
using pliant::test::device_double;

constexpr int kCount = 30'011;

class DeviceAware : public DeviceCall {
 protected:
  void SetUp() override {
    DeviceCall::SetUp();
    device_double().set_access(pliant::test::Access::open);
  }
};

TEST_F(DeviceAware, MpiReducesWhereTheBufferIs) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_algorithm", "mpi"}}), MPI_SUCCESS);
  const DeviceBuffer<float> buffer(gradient(comm.rank(), 0, kCount));
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_MAX, comm), MPI_SUCCESS);
  buffer.set(gradient(comm.rank(), 0, kCount));
  const auto before = device_double().counters();
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  const auto& after = device_double().counters();
  EXPECT_EQ(after.device_to_host_bytes, before.device_to_host_bytes) << "nothing is staged";
  EXPECT_EQ(buffer.get(), exact_sum(gradient(comm.rank(), 0, kCount), comm));
}

TEST_F(DeviceAware, MpiReadsWhatTheProgramsStreamHasYetToWrite) {
  const FreshComm comm;
  pliant::cuda::Stream stream = nullptr;
  ASSERT_EQ(cuda().stream_create(&stream), 0);
  char address[32];
  std::snprintf(address, sizeof address, "%p", stream);
  ASSERT_EQ(set(comm, {{"pliant_algorithm", "mpi"}, {"pliant_cuda_stream", address}}), MPI_SUCCESS);
  const DeviceBuffer<float> computed(gradient(comm.rank(), 0, kCount));
  const DeviceBuffer<float> send(std::vector<float>(kCount, -1.0F));
  const DeviceBuffer<float> recv(std::vector<float>(kCount, -2.0F));
  for (float* const to : {send.data(), recv.data()}) {
    ASSERT_EQ(cuda().memcpy_async(send.data(), computed.data(), kCount * sizeof(float), stream), 0);
    ASSERT_EQ(Pliant_Allreduce(send.data(), to, kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  }
  const std::vector<float> sum = exact_sum(gradient(comm.rank(), 0, kCount), comm);
  EXPECT_EQ(recv.get(), sum);
  ASSERT_EQ(cuda().stream_destroy(stream), 0);
}

TEST_F(DeviceAware, WhatPliantHasNoKernelsForIsMpis) {
  const FreshComm comm;
  const DeviceBuffer<char> buffer(std::vector<char>(10, static_cast<char>(comm.rank())));
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), 10, MPI_SIGNED_CHAR, MPI_MAX, comm), MPI_SUCCESS);
  EXPECT_EQ(buffer.get(), std::vector<char>(10, static_cast<char>(comm.ranks() - 1)));
}

TEST_F(DeviceAware, MpiStarSendsALeadersPlacesAndLosesNothing) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"}, {"pliant_min_bytes", "0"}, {"pliant_algorithm", "mpi_star"}}),
            MPI_SUCCESS);
  const DeviceBuffer<float> buffer(std::vector<float>(kCount, 0.0F));
  std::vector<float> expected(kCount, 0.0F);
  std::vector<float> received(kCount, 0.0F);
  std::vector<float> last;
  for (int step = 0; step < 4; ++step) {
    const std::vector<float> mine = gradient(comm.rank(), step, kCount);
    buffer.set(mine);
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
    EXPECT_STREQ(report_of(comm).algorithm, "mpi_star");
    EXPECT_EQ(report_of(comm).kept, 300);
    last = buffer.get();
    EXPECT_TRUE(same_bits(last, comm));
    const std::vector<float> sum = exact_sum(mine, comm);
    for (std::size_t i = 0; i < sum.size(); ++i) {
      expected[i] += sum[i];
      received[i] += last[i];
    }
  }
  ASSERT_EQ(Pliant_Comm_flush(comm, nullptr), MPI_SUCCESS);
  const std::vector<float> flushed = buffer.get();
  for (std::size_t i = 0; i < flushed.size(); ++i) received[i] += flushed[i] - last[i];
  EXPECT_EQ(received, expected);
}

// ---- Requests: MPI's nonblocking collectives take no device memory (pliant_mpi_double aborts). ----

TEST_F(DeviceAware, ARequestByMpiIsStaged) {
  for (const char* name : {"mpi", "mpi,mpi_star"}) {
    SCOPED_TRACE(name);
    const FreshComm comm;
    ASSERT_EQ(set(comm, {{"pliant_mode", "topk"}, {"pliant_min_bytes", "0"}, {"pliant_algorithm", name}}),
              MPI_SUCCESS);
    const std::vector<float> mine = gradient(comm.rank(), 0, kCount);
    const DeviceBuffer<float> buffer(mine);
    Pliant_Request request = PLIANT_REQUEST_NULL;
    ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm,
                                    MPI_INFO_NULL, &request),
              MPI_SUCCESS);
    ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
    EXPECT_STREQ(report_of(request).algorithm, "mpi");
    EXPECT_EQ(buffer.get(), exact_sum(mine, comm));
    // A concurrent blocking call may not block either, so it avoids MPI's collectives too.
    buffer.set(mine);
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_MAX, comm), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  }
}

TEST_F(DeviceAware, ARequestThatIsMpisIsRefused) {
  const FreshComm comm;
  const DeviceBuffer<char> buffer(std::vector<char>(10, 'x'));
  Pliant_Request request = PLIANT_REQUEST_NULL;
  const int code = Pliant_Allreduce_init(MPI_IN_PLACE, buffer.data(), 10, MPI_SIGNED_CHAR, MPI_MAX, comm,
                                         MPI_INFO_NULL, &request);
  EXPECT_EQ(code, MPI_ERR_BUFFER);
  EXPECT_NE(message(code).find("a request that is MPI's to carry out"), std::string::npos) << message(code);
  EXPECT_EQ(request, PLIANT_REQUEST_NULL);
}

}  // namespace

// Failures with device buffers: those that are refused, those with a fallback, and those that break a
// communicator.
#include "tests/device/device_support.hpp"

namespace {

using namespace pliant_test;
using pliant::test::device_double;
using pliant::test::nccl_double;

constexpr int kCount = 30'000;

class DeviceFailures : public DeviceCall {
 protected:
  static int reduce(const FreshComm& comm, const DeviceBuffer<float>& buffer) {
    return Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm);
  }
  static void expect_host_memory_works(const FreshComm& comm) {
    std::vector<int> values(100, comm.rank());
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 100, MPI_INT, MPI_MAX, comm), MPI_SUCCESS);
    EXPECT_EQ(values, std::vector<int>(100, comm.ranks() - 1));
  }
  static Pairs lossy() {
    return {{"pliant_mode", "topk"}, {"pliant_min_bytes", "0"}, {"pliant_algorithm", "star_ring"}};
  }
};

TEST_F(DeviceFailures, MixedMemoriesAreRefusedAndChangeNothing) {
  const FreshComm comm;
  const DeviceBuffer<float> device(std::vector<float>(10, 5.0F));
  std::vector<float> host(10, 7.0F);
  const int code = Pliant_Allreduce(host.data(), device.data(), 10, MPI_FLOAT, MPI_SUM, comm);
  EXPECT_EQ(code, MPI_ERR_BUFFER);
  EXPECT_NE(message(code).find("sendbuf is host memory, recvbuf memory of device 0"), std::string::npos)
      << message(code);
  EXPECT_EQ(device.get(), std::vector<float>(10, 5.0F));
  expect_host_memory_works(comm);
}

TEST_F(DeviceFailures, AnotherDeviceThanBeforeIsRefused) {
  device_double().reset({.devices = 2});
  const FreshComm comm;
  const DeviceBuffer<float> first(std::vector<float>(kCount, 1.0F));
  ASSERT_EQ(reduce(comm, first), MPI_SUCCESS);
  auto* const other = static_cast<float*>(device_double().malloc_on(1, 400));
  const int code = Pliant_Allreduce(MPI_IN_PLACE, other, 100, MPI_FLOAT, MPI_SUM, comm);
  EXPECT_EQ(code, MPI_ERR_BUFFER);
  EXPECT_NE(message(code).find("device 1"), std::string::npos) << message(code);
  ASSERT_EQ(reduce(comm, first), MPI_SUCCESS);
  ASSERT_EQ(cuda().free(other), 0);
}

TEST_F(DeviceFailures, ADatatypeWithoutKernelsIsRefused) {
  const FreshComm comm;
  const DeviceBuffer<char> bytes(std::vector<char>(10, 'x'));
  const int code = Pliant_Allreduce(MPI_IN_PLACE, bytes.data(), 10, MPI_CHAR, MPI_MAX, comm);
  EXPECT_EQ(code, MPI_ERR_BUFFER);
  EXPECT_EQ(bytes.get(), std::vector<char>(10, 'x'));
}

TEST_F(DeviceFailures, TensorsOfAGroupLieInOneMemory) {
  const FreshComm comm;
  const DeviceBuffer<float> device(std::vector<float>(10, 1.0F));
  std::vector<float> host(10, 1.0F);
  void* const buffers[] = {device.data(), host.data()};
  const void* const sends[] = {MPI_IN_PLACE, MPI_IN_PLACE};
  const MPI_Count counts[] = {10, 10};
  Pliant_Request request = PLIANT_REQUEST_NULL;
  EXPECT_EQ(Pliant_Grouped_allreduce_init(2, sends, buffers, counts, MPI_FLOAT, MPI_SUM, comm, MPI_INFO_NULL,
                                          &request),
            MPI_ERR_BUFFER);
  EXPECT_EQ(request, PLIANT_REQUEST_NULL);
}

TEST_F(DeviceFailures, RanksWithOtherMemoriesAreToldApartWhereTheyCheck) {
  if (ranks_ == 1) GTEST_SKIP() << "one rank is always like itself";
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_check", "true"}}), MPI_SUCCESS);
  const DeviceBuffer<float> device(std::vector<float>(kCount, 1.0F));
  std::vector<float> host(kCount, 1.0F);
  float* const mine = comm.rank() == 0 ? device.data() : host.data();
  const int code = Pliant_Allreduce(MPI_IN_PLACE, mine, kCount, MPI_FLOAT, MPI_SUM, comm);
  EXPECT_EQ(code, MPI_ERR_ARG);
  EXPECT_NE(message(code).find("in a GPU's memory"), std::string::npos) << message(code);
  EXPECT_EQ(device.get(), std::vector<float>(kCount, 1.0F));
  ASSERT_EQ(reduce(comm, device), MPI_SUCCESS);
}

TEST_F(DeviceFailures, WithoutRoomForAResidualTheHostDoesIt) {
  for (int poor = 0; poor < ranks_; ++poor) {
    const FreshComm comm;
    ASSERT_EQ(set(comm, lossy()), MPI_SUCCESS);
    const DeviceBuffer<float> buffer(gradient(comm.rank(), 0, kCount));
    const DeviceBuffer<float> dense(std::vector<float>(kCount, 1.0F));
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, dense.data(), kCount, MPI_FLOAT, MPI_MAX, comm), MPI_SUCCESS);
    if (comm.rank() == poor)
      device_double().options().memory_bytes = device_double().held_bytes(pliant::cuda::MemoryKind::device);
    std::vector<float> received(kCount, 0.0F);
    std::vector<float> expected(kCount, 0.0F);
    for (int step = 0; step < 3; ++step) {
      buffer.set(gradient(comm.rank(), step, kCount));
      ASSERT_EQ(reduce(comm, buffer), MPI_SUCCESS);
      const std::vector<float> result = buffer.get();
      EXPECT_TRUE(same_bits(result, comm));
      const std::vector<float> sum = exact_sum(gradient(comm.rank(), step, kCount), comm);
      for (std::size_t i = 0; i < received.size(); ++i) {
        received[i] += result[i];
        expected[i] += sum[i];
      }
    }
    // The residual comes out once all elements are sent.
    ASSERT_EQ(set(comm, {{"pliant_density", "1"}}), MPI_SUCCESS);
    buffer.set(std::vector<float>(kCount, 0.0F));
    ASSERT_EQ(reduce(comm, buffer), MPI_SUCCESS);
    const std::vector<float> rest = buffer.get();
    for (std::size_t i = 0; i < received.size(); ++i) received[i] += rest[i];
    EXPECT_EQ(received, expected);
    device_double().options().memory_bytes = pliant::test::kUnlimited;
  }
}

TEST_F(DeviceFailures, WithoutRoomForSelectingTheHostSelects) {
  std::vector<std::vector<float>> results[2];
  for (const bool poor : {false, true}) {
    const FreshComm comm;
    ASSERT_EQ(set(comm, lossy()), MPI_SUCCESS);
    const DeviceBuffer<float> buffer(gradient(comm.rank(), 0, kCount));
    for (int step = 0; step < 3; ++step) {
      // There is room for a residual, but for no later allocation.
      if (poor && step == 0) device_double().options().largest_bytes = kCount * sizeof(float);
      buffer.set(gradient(comm.rank(), step, kCount));
      ASSERT_EQ(reduce(comm, buffer), MPI_SUCCESS);
      results[poor ? 1 : 0].push_back(buffer.get());
    }
    device_double().options().largest_bytes = pliant::test::kUnlimited;
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST_F(DeviceFailures, WithoutRoomOnOneRankNobodyGoesByNccl) {
  for (const bool poor : {false, true}) {
    const FreshComm comm;
    ASSERT_EQ(
        set(comm, {{"pliant_mode", "topk"}, {"pliant_min_bytes", "0"}, {"pliant_algorithm", "nccl_star"}}),
        MPI_SUCCESS);
    const DeviceBuffer<float> buffer(gradient(comm.rank(), 0, kCount));
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_MAX, comm), MPI_SUCCESS);
    // There is room for a residual, but for no later allocation.
    if (poor && comm.rank() == 0) device_double().options().largest_bytes = kCount * sizeof(float);
    buffer.set(gradient(comm.rank(), 0, kCount));
    ASSERT_EQ(reduce(comm, buffer), MPI_SUCCESS);
    EXPECT_EQ(report_of(comm).algorithm == std::string("nccl_star"), !poor) << report_of(comm).algorithm;
    EXPECT_TRUE(same_bits(buffer.get(), comm));
    device_double().options().largest_bytes = pliant::test::kUnlimited;
  }
}

TEST_F(DeviceFailures, AnErrorInTheMiddleIsEverybodysAndBreaksTheCommunicator) {
  for (const char* name : {"ring", "nccl", "star_ring", "allgather_topk"}) {
    SCOPED_TRACE(name);
    device_double().reset();
    const FreshComm comm;
    ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                         {"pliant_min_bytes", "0"},
                         {"pliant_algorithm", name},
                         {"pliant_nccl_timeout_s", "2"}}),
              MPI_SUCCESS);
    const DeviceBuffer<float> buffer(gradient(comm.rank(), 0, kCount));
    ASSERT_EQ(reduce(comm, buffer), MPI_SUCCESS);
    const int failing = comm.ranks() - 1;
    if (comm.rank() == failing) {
      if (std::string(name) == "nccl") {
        nccl_double().fail_operation(1);
      } else {
        device_double().fail_operation(2);
      }
    }
    const int code = reduce(comm, buffer);
    EXPECT_EQ(code, MPI_ERR_OTHER);
    EXPECT_NE(message(code).find("rank " + std::to_string(failing) + " failed"), std::string::npos)
        << message(code);
    EXPECT_EQ(reduce(comm, buffer), MPI_ERR_OTHER) << "the communicator stays broken for device memory";
    expect_host_memory_works(comm);
    device_double().reset();
  }
}

TEST_F(DeviceFailures, NcclThatHangsIsAbortedInTime) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_algorithm", "nccl"}, {"pliant_nccl_timeout_s", "0.5"}}), MPI_SUCCESS);
  const DeviceBuffer<float> buffer(std::vector<float>(kCount, 1.0F));
  ASSERT_EQ(reduce(comm, buffer), MPI_SUCCESS);
  if (comm.rank() == 0) nccl_double().hang_operation(1);
  const int code = reduce(comm, buffer);
  EXPECT_EQ(code, MPI_ERR_OTHER);
  expect_host_memory_works(comm);
}

TEST_F(DeviceFailures, NcclThatNeverConnectsIsDoneWithout) {
  if (rank_ == 0) nccl_double().options().init_hangs = true;
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_nccl_timeout_s", "0.3"}}), MPI_SUCCESS);
  const DeviceBuffer<float> buffer(std::vector<float>(kCount, 1.0F));
  ASSERT_EQ(reduce(comm, buffer), MPI_SUCCESS);
  EXPECT_EQ(buffer.get(), std::vector<float>(kCount, static_cast<float>(comm.ranks())));
  EXPECT_STRNE(report_of(comm).algorithm, "nccl");
  const std::int64_t pageable = device_double().counters().pageable_copies;
  ASSERT_EQ(reduce(comm, buffer), MPI_SUCCESS);
  EXPECT_EQ(device_double().counters().pageable_copies, pageable)
      << "nothing waits any more: memory is pinned";
}

}  // namespace

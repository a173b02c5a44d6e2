// Exact reductions of device buffers: every algorithm, staged or in place, with types, streams and schedules.
#include "tests/device/device_support.hpp"

namespace {

using namespace pliant_test;
using pliant::test::device_double;
using pliant::test::nccl_double;

class DeviceExact : public DeviceCall {
 protected:
  template <class T>
  static void expect_like_mpi(const FreshComm& comm, MPI_Datatype type, MPI_Op op, std::size_t count) {
    std::vector<T> values(count);
    for (std::size_t i = 0; i < count; ++i)
      values[i] = static_cast<T>((i * 7919 + static_cast<std::size_t>(comm.rank()) * 31) % 1021) -
                  static_cast<T>(510);
    if (op == MPI_PROD)
      for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<T>(i % 3 + 1);
    std::vector<T> expected(count);
    MPI_Allreduce(values.data(), expected.data(), static_cast<int>(count), type, op, comm);
    const DeviceBuffer<T> send(values);
    const DeviceBuffer<T> recv(std::vector<T>(count, T{77}));
    ASSERT_EQ(Pliant_Allreduce(send.data(), recv.data(), static_cast<int>(count), type, op, comm),
              MPI_SUCCESS);
    EXPECT_EQ(recv.get(), expected) << count;
    EXPECT_EQ(send.get(), values) << "an input changed";
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, send.data(), static_cast<int>(count), type, op, comm),
              MPI_SUCCESS);
    EXPECT_EQ(send.get(), expected) << count;
  }
};

TEST_F(DeviceExact, EveryAlgorithmByName) {
  for (const std::string& name : device_algorithms(true)) {
    SCOPED_TRACE(name);
    const FreshComm comm;
    ASSERT_EQ(set(comm, {{"pliant_algorithm", name}}), MPI_SUCCESS);
    for (const std::size_t count : {1, 5001, 200'003})
      expect_like_mpi<float>(comm, MPI_FLOAT, MPI_SUM, count);
    for (const MPI_Op op : {MPI_SUM, MPI_MIN, MPI_MAX, MPI_PROD}) {
      expect_like_mpi<float>(comm, MPI_FLOAT, op, 1000);
      expect_like_mpi<double>(comm, MPI_DOUBLE, op, 1000);
      expect_like_mpi<std::int32_t>(comm, MPI_INT, op, 1000);
      expect_like_mpi<std::int64_t>(comm, MPI_INT64_T, op, 1000);
    }
    EXPECT_EQ(name, report_of(comm).algorithm);
  }
}

TEST_F(DeviceExact, AnyCountAnywhereInMemory) {
  const FreshComm comm;
  const auto ranks = static_cast<std::size_t>(comm.ranks());
  for (const std::size_t count : {ranks - 1, ranks, ranks + 1, std::size_t{1000}})
    for (const char* name : {"ring", "tree", "nccl"}) {
      SCOPED_TRACE(std::string(name) + " " + std::to_string(count));
      ASSERT_EQ(set(comm, {{"pliant_algorithm", name}}), MPI_SUCCESS);
      const std::vector<float> mine = gradient(comm.rank(), 0, count + 2);
      const DeviceBuffer<float> buffer(mine);
      ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data() + 1, static_cast<int>(count), MPI_FLOAT, MPI_SUM,
                                 comm),
                MPI_SUCCESS);
      std::vector<float> expected = exact_sum(mine, comm);
      expected.front() = mine.front();
      expected.back() = mine.back();
      EXPECT_EQ(buffer.get(), expected);
    }
}

TEST_F(DeviceExact, NoElementsAreNobodys) {
  const FreshComm comm;
  EXPECT_EQ(Pliant_Allreduce(nullptr, nullptr, 0, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
}

TEST_F(DeviceExact, OneCountInBothMemories) {
  const FreshComm comm;
  const std::vector<float> mine = gradient(comm.rank(), 0, 5001);
  const std::vector<float> expected = exact_sum(mine, comm);
  for (int turn = 0; turn < 2; ++turn) {
    std::vector<float> host = mine;
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, host.data(), 5001, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
    EXPECT_EQ(host, expected);
    const DeviceBuffer<float> device(mine);
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, device.data(), 5001, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
    EXPECT_EQ(device.get(), expected);
  }
}

TEST_F(DeviceExact, OnAnotherDeviceThanTheThreadsOwn) {
  device_double().reset({.devices = 2});
  for (const char* name : {"ring", "nccl"}) {
    const FreshComm comm;
    ASSERT_EQ(set(comm, {{"pliant_algorithm", name}}), MPI_SUCCESS);
    const std::vector<float> mine = gradient(comm.rank(), 0, 5001);
    auto* const there = static_cast<float*>(device_double().malloc_on(1, 5001 * sizeof(float)));
    device_double().write(there, mine.data(), 5001 * sizeof(float));
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, there, 5001, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
    EXPECT_EQ(device_double().download(there, 5001), exact_sum(mine, comm));
    EXPECT_EQ(device_double().current_device(), 0);
    ASSERT_EQ(cuda().free(there), 0);
  }
}

TEST_F(DeviceExact, EveryTypeAndOperation) {
  const FreshComm comm;
  for (const MPI_Op op : {MPI_SUM, MPI_MIN, MPI_MAX, MPI_PROD}) {
    expect_like_mpi<float>(comm, MPI_FLOAT, op, 3001);
    expect_like_mpi<double>(comm, MPI_DOUBLE, op, 3001);
    expect_like_mpi<std::int32_t>(comm, MPI_INT, op, 3001);
    expect_like_mpi<std::int64_t>(comm, MPI_INT64_T, op, 3001);
  }
}

TEST_F(DeviceExact, WhateverTheOrderInWhichTheDeviceWorks) {
  for (std::uint32_t seed = 0; seed < 6; ++seed) {
    device_double().set_schedule(seed == 0 ? pliant::test::eager() : pliant::test::random_order(seed));
    for (const char* name : {"ring", "nccl", "tree"}) {
      const FreshComm comm;
      ASSERT_EQ(set(comm, {{"pliant_algorithm", name}}), MPI_SUCCESS);
      expect_like_mpi<float>(comm, MPI_FLOAT, MPI_SUM, 150'001);
    }
  }
}

TEST_F(DeviceExact, ComesAfterWhatIsOnTheProgramsStream) {
  const FreshComm comm;
  pliant::cuda::Stream stream = nullptr;
  ASSERT_EQ(cuda().stream_create(&stream), 0);
  char address[32];
  std::snprintf(address, sizeof address, "%p", stream);
  ASSERT_EQ(set(comm, {{"pliant_cuda_stream", address}}), MPI_SUCCESS);
  const std::vector<float> values(20'000, 3.0F);
  const DeviceBuffer<float> computed(values);
  const DeviceBuffer<float> gradient(std::vector<float>(values.size(), -1.0F));
  // Queued, and not executed until somebody waits for it.
  ASSERT_EQ(cuda().memcpy_async(gradient.data(), computed.data(), values.size() * sizeof(float), stream), 0);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, gradient.data(), 20'000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(gradient.get(), std::vector<float>(values.size(), 3.0F * static_cast<float>(comm.ranks())));
  ASSERT_EQ(cuda().stream_destroy(stream), 0);
}

TEST_F(DeviceExact, ManagedMemoryIsADevices) {
  const FreshComm comm;
  auto* const managed = static_cast<float*>(device_double().malloc_managed(4000));
  const std::vector<float> ones(1000, 1.0F);
  device_double().write(managed, ones.data(), 4000);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, managed, 1000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(device_double().download(managed, 1000),
            std::vector<float>(1000, static_cast<float>(comm.ranks())));
  ASSERT_EQ(cuda().free(managed), 0);
}

TEST_F(DeviceExact, PinnedMemoryIsTheHosts) {
  const FreshComm comm;
  void* pinned = nullptr;
  ASSERT_EQ(cuda().malloc_host(&pinned, 4000), 0);
  auto* const values = static_cast<float*>(pinned);
  std::fill_n(values, 1000, 2.0F);
  const std::int64_t launches = device_double().counters().launches;
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values, 1000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(values[999], 2.0F * static_cast<float>(comm.ranks()));
  EXPECT_EQ(device_double().counters().launches, launches);
  ASSERT_EQ(cuda().free_host(pinned), 0);
}

TEST_F(DeviceExact, StagedCopiesAreOfPinnedMemoryAndOfEveryByteOnce) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_algorithm", "ring"}}), MPI_SUCCESS);
  const DeviceBuffer<float> buffer(std::vector<float>(100'000, 1.0F));
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), 100'000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  const auto before = device_double().counters();
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), 100'000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  const auto& after = device_double().counters();
  EXPECT_EQ(after.device_to_host_bytes - before.device_to_host_bytes, 400'000);
  EXPECT_EQ(after.host_to_device_bytes - before.host_to_device_bytes, 400'000);
  EXPECT_EQ(after.pageable_copies, before.pageable_copies);
}

TEST_F(DeviceExact, WithoutNcclItIsStaged) {
  nccl_double().fail("comm_init_rank", 1, pliant::test::kNcclSystemError);
  const FreshComm comm;
  expect_like_mpi<float>(comm, MPI_FLOAT, MPI_SUM, 20'000);
  EXPECT_STRNE(report_of(comm).algorithm, "nccl");
}

}  // namespace

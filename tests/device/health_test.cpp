// Pliant must not disturb a program that uses GPUs: its contexts, captures, streams and other ranks.
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <set>

#include "tests/device/device_support.hpp"

namespace {

using namespace pliant_test;
using pliant::test::device_double;
using pliant::test::nccl_double;

constexpr int kCount = 30'000;

class DeviceHealth : public DeviceCall {
 protected:
  static std::string text_of(pliant::cuda::Stream stream) {
    char text[32];
    std::snprintf(text, sizeof text, "%p", stream);
    return text;
  }
  static int sum(const FreshComm& comm, const DeviceBuffer<float>& buffer) {
    return Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm);
  }
  static Pairs lossy(const std::string& algorithm) {
    return {{"pliant_mode", "topk"}, {"pliant_min_bytes", "0"}, {"pliant_algorithm", algorithm}};
  }
  static Pliant_Request request(const FreshComm& comm, float* buffer, int count, const Pairs& pairs) {
    MPI_Info info = MPI_INFO_NULL;
    MPI_Info_create(&info);
    for (const auto& [key, value] : pairs) MPI_Info_set(info, key.c_str(), value.c_str());
    Pliant_Request made = PLIANT_REQUEST_NULL;
    EXPECT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, buffer, count, MPI_FLOAT, MPI_SUM, comm, info, &made),
              MPI_SUCCESS);
    MPI_Info_free(&info);
    return made;
  }
};

// ---- Contexts ----

TEST_F(DeviceHealth, CallsOnHostMemoryAskNoDevice) {
  const FreshComm comm;
  std::vector<float> values(20'000, 1.0F);
  for (const int count : {4, 4, 4, 20'000})
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), count, MPI_FLOAT, MPI_MAX, comm), MPI_SUCCESS);
  Pliant_Request started = request(comm, values.data(), 20'000, {});
  ASSERT_EQ(Pliant_Start(started), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Wait(started), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Request_free(&started), MPI_SUCCESS);
  EXPECT_TRUE(device_double().contexts().empty());
  for (const char* call : {"get_device_count", "driver_version", "set_device", "retain_context"})
    EXPECT_EQ(device_double().calls(call), 0) << call;
}

TEST_F(DeviceHealth, ContextsAreMadeWhereTheBuffersAreAlone) {
  device_double().reset({.devices = 2});
  auto* const there = static_cast<float*>(device_double().malloc_on(1, kCount * sizeof(float)));
  for (const char* name : {"ring", "nccl", "star_ring", "nccl_star"}) {
    SCOPED_TRACE(name);
    const FreshComm comm;
    ASSERT_EQ(set(comm, lossy(std::string(name) + ",ring")), MPI_SUCCESS);
    const std::vector<float> mine = gradient(comm.rank(), 0, kCount);
    device_double().write(there, mine.data(), kCount * sizeof(float));
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, there, kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
    void* const both[] = {there, there + 100};
    const void* const sends[] = {MPI_IN_PLACE, MPI_IN_PLACE};
    const MPI_Count counts[] = {100, 1000};
    Pliant_Request group = PLIANT_REQUEST_NULL;
    ASSERT_EQ(Pliant_Grouped_allreduce_init(2, sends, both, counts, MPI_FLOAT, MPI_SUM, comm, MPI_INFO_NULL,
                                            &group),
              MPI_SUCCESS);
    ASSERT_EQ(Pliant_Start(group), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Wait(group), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Request_flush(group), MPI_SUCCESS);
    ASSERT_EQ(Pliant_Request_free(&group), MPI_SUCCESS);
    EXPECT_EQ(device_double().contexts(), std::set<int>{1});
    EXPECT_EQ(device_double().current_device(), 0);
  }
  ASSERT_EQ(cuda().free(there), 0);
}

// ---- The program's streams ----

TEST_F(DeviceHealth, AStreamThatIsCapturedIsRefusedAndNothingIsCaptured) {
  const FreshComm comm;
  pliant::cuda::Stream stream = nullptr;
  ASSERT_EQ(cuda().stream_create(&stream), 0);
  ASSERT_EQ(set(comm, {{"pliant_cuda_stream", text_of(stream)}}), MPI_SUCCESS);
  const DeviceBuffer<float> buffer(gradient(comm.rank(), 0, kCount));
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_MAX, comm), MPI_SUCCESS);
  buffer.set(gradient(comm.rank(), 0, kCount));
  Pliant_Request started = request(comm, buffer.data(), kCount, {});
  device_double().begin_capture(stream);
  for (const int code : {sum(comm, buffer), Pliant_Start(started)}) {
    EXPECT_EQ(code, MPI_ERR_ARG);
    EXPECT_NE(message(code).find("is captured into a graph"), std::string::npos) << message(code);
  }
  EXPECT_EQ(buffer.get(), gradient(comm.rank(), 0, kCount));
  EXPECT_EQ(device_double().capture().nodes(), 0);
  EXPECT_TRUE(device_double().end_capture());
  ASSERT_EQ(Pliant_Start(started), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Wait(started), MPI_SUCCESS);
  EXPECT_EQ(buffer.get(), exact_sum(gradient(comm.rank(), 0, kCount), comm));
  ASSERT_EQ(Pliant_Request_free(&started), MPI_SUCCESS);
  ASSERT_EQ(cuda().stream_destroy(stream), 0);
}

TEST_F(DeviceHealth, ACaptureOfAnotherStreamGoesOn) {
  pliant::cuda::Stream mine = nullptr;
  pliant::cuda::Stream captured = nullptr;
  ASSERT_EQ(cuda().stream_create(&mine), 0);
  ASSERT_EQ(cuda().stream_create(&captured), 0);
  for (const char* name : {"ring", "nccl", "star_ring"}) {
    SCOPED_TRACE(name);
    const FreshComm comm;
    Pairs pairs = lossy(name);
    pairs.emplace_back("pliant_cuda_stream", text_of(mine));
    ASSERT_EQ(set(comm, pairs), MPI_SUCCESS);
    const DeviceBuffer<float> buffer(gradient(comm.rank(), 0, kCount));
    device_double().begin_capture(captured);
    const int code = sum(comm, buffer);
    ASSERT_EQ(code, MPI_SUCCESS) << message(code);
    EXPECT_EQ(device_double().capture().nodes(), 0);
    EXPECT_TRUE(device_double().end_capture());
    EXPECT_TRUE(same_bits(buffer.get(), comm));
  }
  ASSERT_EQ(cuda().stream_destroy(mine), 0);
  ASSERT_EQ(cuda().stream_destroy(captured), 0);
}

TEST_F(DeviceHealth, AStreamThatIsNoneIsAnArgumentErrorAndBreaksNothing) {
  device_double().reset({.devices = 2});
  const FreshComm comm;
  pliant::cuda::Stream gone = nullptr;
  pliant::cuda::Stream elsewhere = nullptr;
  const DeviceBuffer<float> buffer(gradient(comm.rank(), 0, kCount));
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_MAX, comm), MPI_SUCCESS);
  ASSERT_EQ(cuda().stream_create(&gone), 0);
  ASSERT_EQ(cuda().stream_destroy(gone), 0);
  ASSERT_EQ(cuda().set_device(1), 0);
  ASSERT_EQ(cuda().stream_create(&elsewhere), 0);
  ASSERT_EQ(cuda().set_device(0), 0);
  for (const auto stream : {gone, elsewhere}) {
    ASSERT_EQ(set(comm, {{"pliant_cuda_stream", text_of(stream)}}), MPI_SUCCESS);
    const int code = sum(comm, buffer);
    EXPECT_EQ(code, MPI_ERR_ARG);
    EXPECT_NE(message(code).find("is no stream of device 0"), std::string::npos) << message(code);
  }
  ASSERT_EQ(set(comm, {{"pliant_cuda_stream", "0"}}), MPI_SUCCESS);
  buffer.set(gradient(comm.rank(), 0, kCount));
  ASSERT_EQ(sum(comm, buffer), MPI_SUCCESS);
  EXPECT_EQ(buffer.get(), exact_sum(gradient(comm.rank(), 0, kCount), comm));
  ASSERT_EQ(cuda().stream_destroy(elsewhere), 0);
}

TEST_F(DeviceHealth, DefaultStreamsAreFollowedByTheirNames) {
  for (const char* name : {"0x0", "0x1", "0x2", "2", "(nil)"}) {
    SCOPED_TRACE(name);
    const FreshComm comm;
    ASSERT_EQ(set(comm, {{"pliant_cuda_stream", name}, {"pliant_check", "true"}}), MPI_SUCCESS);
    const std::vector<float> mine = gradient(comm.rank(), 0, kCount);
    const DeviceBuffer<float> computed(mine);
    const DeviceBuffer<float> buffer(std::vector<float>(kCount, -1.0F));
    const bool of_thread = std::string(name).find('2') != std::string::npos;
    const auto stream = reinterpret_cast<pliant::cuda::Stream>(std::uintptr_t{of_thread ? 2U : 0U});
    ASSERT_EQ(cuda().memcpy_async(buffer.data(), computed.data(), kCount * sizeof(float), stream), 0);
    ASSERT_EQ(sum(comm, buffer), MPI_SUCCESS);
    EXPECT_EQ(buffer.get(), exact_sum(mine, comm));
  }
}

/// A selection from zeros, which all tie, is no measure for gradients, so its time must not be used.
TEST_F(DeviceHealth, WhatIsMeasuredIsASelectionFromAGradient) {
  std::size_t fewest = kCount;
  device_double().observe([&](pliant::cuda::Kernel kernel, const void* bytes) {
    if (kernel != pliant::cuda::Kernel::stream) return;
    pliant::cuda::SelectArguments arguments;
    std::memcpy(&arguments, bytes, sizeof arguments);
    const std::vector<float> values = device_double().download(arguments.gradient, 4096);
    fewest = std::min(fewest, std::set<float>(values.begin(), values.end()).size());
  });
  const FreshComm comm;
  const DeviceBuffer<float> buffer(std::vector<float>(kCount, 1.0F));
  ASSERT_EQ(sum(comm, buffer), MPI_SUCCESS);
  EXPECT_GT(device_double().launches(pliant::cuda::Kernel::stream), 0);
  EXPECT_GT(fewest, 2048U);
}

// ---- Other ranks ----

TEST_F(DeviceHealth, ARankMayComeLateByMoreThanNcclsTimeLimit) {
  for (const char* name : {"nccl", "nccl_star"}) {
    SCOPED_TRACE(name);
    const FreshComm comm;
    Pairs pairs = lossy(name);
    pairs.emplace_back("pliant_nccl_timeout_s", "0.5");
    ASSERT_EQ(set(comm, pairs), MPI_SUCCESS);
    const DeviceBuffer<float> buffer(gradient(comm.rank(), 0, kCount));
    ASSERT_EQ(sum(comm, buffer), MPI_SUCCESS);
    if (comm.rank() == comm.ranks() - 1) usleep(1'500'000);  // it writes a checkpoint
    const int code = sum(comm, buffer);
    EXPECT_EQ(code, MPI_SUCCESS) << message(code);
    EXPECT_STREQ(report_of(comm).algorithm, name);
  }
}

/// Rank 0 starts an NCCL operation first, the other ranks last. Rank 0 allocates memory in between.
TEST_F(DeviceHealth, TakingMemoryWaitsForNoOtherRank) {
  nccl_double().options().polls = 0;
  for (const bool pools : {true, false}) {
    device_double().options().pools = pools;
    const FreshComm by_nccl;
    const FreshComm other;
    const DeviceBuffer<float> reduced(gradient(rank_, 0, 1000));
    Pliant_Request started = request(by_nccl, reduced.data(), 1000, {{"pliant_algorithm", "nccl"}});
    ASSERT_EQ(set(other, lossy("star_ring")), MPI_SUCCESS);
    const DeviceBuffer<float> longer(gradient(rank_, 1, kCount));
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, longer.data(), 1000, MPI_FLOAT, MPI_SUM, other), MPI_SUCCESS);
    if (rank_ == 0) {
      ASSERT_EQ(Pliant_Start(started), MPI_SUCCESS);
    }
    ASSERT_EQ(sum(other, longer), MPI_SUCCESS);
    if (rank_ != 0) {
      ASSERT_EQ(Pliant_Start(started), MPI_SUCCESS);
    }
    ASSERT_EQ(Pliant_Wait(started), MPI_SUCCESS);
    EXPECT_EQ(reduced.get(), exact_sum(gradient(rank_, 0, 1000), by_nccl));
    EXPECT_TRUE(same_bits(longer.get(), other));
    ASSERT_EQ(Pliant_Request_free(&started), MPI_SUCCESS);
  }
}

/// Rank 0 starts the NCCL operation before the selection, the other ranks after its end.
TEST_F(DeviceHealth, ASelectionDoesNotWaitBehindNccl) {
  nccl_double().options().polls = 0;
  const FreshComm comm;
  const DeviceBuffer<float> reduced(gradient(rank_, 0, 1000));
  const DeviceBuffer<float> selected(gradient(rank_, 1, kCount));
  Pliant_Request by_nccl = request(comm, reduced.data(), 1000, {{"pliant_algorithm", "nccl"}});
  Pliant_Request by_messages = request(comm, selected.data(), kCount, lossy("star_ring"));
  if (rank_ == 0) {
    ASSERT_EQ(Pliant_Start(by_nccl), MPI_SUCCESS);
  }
  ASSERT_EQ(Pliant_Start(by_messages), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Wait(by_messages), MPI_SUCCESS);
  if (rank_ != 0) {
    ASSERT_EQ(Pliant_Start(by_nccl), MPI_SUCCESS);
  }
  ASSERT_EQ(Pliant_Wait(by_nccl), MPI_SUCCESS);
  EXPECT_EQ(reduced.get(), exact_sum(gradient(rank_, 0, 1000), comm));
  EXPECT_TRUE(same_bits(selected.get(), comm));
  ASSERT_EQ(Pliant_Request_free(&by_nccl), MPI_SUCCESS);
  ASSERT_EQ(Pliant_Request_free(&by_messages), MPI_SUCCESS);
}

/// The program's stream has an NCCL allreduce of the program, which the other ranks join only after rank 0
/// has returned from its start.
TEST_F(DeviceHealth, AStartDoesNotWaitForWhatIsOnTheProgramsStream) {
  const FreshComm comm;
  pliant::cuda::Stream stream = nullptr;
  ASSERT_EQ(cuda().stream_create(&stream), 0);
  const pliant::cuda::NcclComm own = ready_comm();
  const DeviceBuffer<float> buffer(std::vector<float>(kCount, 1.0F));
  Pairs pairs = lossy("star_ring");
  pairs.emplace_back("pliant_cuda_stream", text_of(stream));
  Pliant_Request started = request(comm, buffer.data(), kCount, pairs);
  ASSERT_EQ(Pliant_Start(started), MPI_SUCCESS);  // the first pins memory, which may wait for the stream
  ASSERT_EQ(Pliant_Wait(started), MPI_SUCCESS);
  for (int step = 0; step < 2; ++step) {
    if (rank_ != 0) MPI_Barrier(MPI_COMM_WORLD);
    nccl().all_reduce(buffer.data(), buffer.data(), kCount, pliant::ElementType::float32,
                      pliant::ReduceOp::sum, own, stream);
    ASSERT_EQ(settled(own), 0);
    ASSERT_EQ(Pliant_Start(started), MPI_SUCCESS);
    if (rank_ == 0) MPI_Barrier(MPI_COMM_WORLD);
    ASSERT_EQ(Pliant_Wait(started), MPI_SUCCESS);
    EXPECT_TRUE(same_bits(buffer.get(), comm));
  }
  ASSERT_EQ(Pliant_Request_free(&started), MPI_SUCCESS);
  nccl().comm_finalize(own);
  ASSERT_EQ(settled(own), 0);
  ASSERT_EQ(nccl().comm_destroy(own), 0);
  ASSERT_EQ(cuda().stream_destroy(stream), 0);
}

}  // namespace

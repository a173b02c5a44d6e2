// Compressed reductions of device buffers give the bits of host buffers, and lose nothing.
#include "tests/device/device_support.hpp"

namespace {

using namespace pliant_test;
using pliant::test::device_double;

constexpr std::size_t kCount = 30'011;
constexpr int kSteps = 4;

class DeviceLossy : public DeviceCall {
 protected:
  static Pairs settings(const std::string& algorithm, const Pairs& more = {}) {
    Pairs pairs = {{"pliant_mode", "topk"},
                   {"pliant_density", "0.01"},
                   {"pliant_min_bytes", "0"},
                   {"pliant_algorithm", algorithm}};
    pairs.insert(pairs.end(), more.begin(), more.end());
    return pairs;
  }
};

/// Results of a few steps, with buffers on host or device, and the residual flushed at the end.
struct Steps {
  std::vector<std::vector<float>> results;
  std::vector<std::int64_t> kept;
  std::vector<double> gains, norms;
};

Steps run_steps(const Pairs& pairs, bool on_device) {
  Steps run;
  const FreshComm comm;
  EXPECT_EQ(set(comm, pairs), MPI_SUCCESS);
  std::vector<float> values(kCount, 0.0F);
  const DeviceBuffer<float> buffer(values);
  Pliant_Request request = PLIANT_REQUEST_NULL;
  EXPECT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, on_device ? buffer.data() : values.data(), kCount, MPI_FLOAT,
                                  MPI_SUM, comm, MPI_INFO_NULL, &request),
            MPI_SUCCESS);
  for (int step = 0; step <= kSteps; ++step) {
    if (step < kSteps) {
      fill_gradient(values, comm.rank(), step);
      if (on_device) buffer.set(values);
      EXPECT_EQ(Pliant_Start(request), MPI_SUCCESS);
      const int code = Pliant_Wait(request);
      EXPECT_EQ(code, MPI_SUCCESS) << message(code);
      const Pliant_Report report = report_of(request);
      run.kept.push_back(report.kept);
      run.gains.push_back(report.gain);
      run.norms.push_back(report.residual_norm);
    } else {
      EXPECT_EQ(Pliant_Request_flush(request), MPI_SUCCESS);
    }
    if (on_device) values = buffer.get();
    EXPECT_TRUE(same_bits(values, comm));
    run.results.push_back(values);
  }
  EXPECT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  return run;
}

void expect_alike(const Pairs& pairs) {
  const Steps host = run_steps(pairs, false);
  const Steps device = run_steps(pairs, true);
  EXPECT_EQ(device.results, host.results);
  EXPECT_EQ(device.kept, host.kept);
  EXPECT_EQ(device.gains, host.gains);
  EXPECT_EQ(device.norms, host.norms);
}

/// The sum of the results, flush included, equals the sum of all gradients.
void expect_conserved(const Steps& run) {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  std::vector<float> expected(kCount, 0.0F);
  std::vector<float> received(kCount, 0.0F);
  for (int step = 0; step < kSteps; ++step) {
    const std::vector<float> sum = exact_sum(gradient(rank, step, kCount), MPI_COMM_WORLD);
    const std::vector<float>& result = run.results[static_cast<std::size_t>(step)];
    for (std::size_t i = 0; i < kCount; ++i) {
      expected[i] += sum[i];
      received[i] += result[i];
    }
  }
  const std::vector<float>& last = run.results[kSteps - 1];
  for (std::size_t i = 0; i < kCount; ++i) received[i] += run.results[kSteps][i] - last[i];
  EXPECT_EQ(received, expected);
}

TEST_F(DeviceLossy, EveryAlgorithmGivesTheBitsItGivesOnTheHost) {
  for (const std::string& name : device_algorithms(false)) {
    SCOPED_TRACE(name);
    if (name == "nccl_star" || name == "mpi_star") continue;
    expect_alike(settings(name));
  }
}

TEST_F(DeviceLossy, NcclStarSendsALeadersPlacesAndLosesNothing) {
  const Steps run = run_steps(settings("nccl_star"), true);
  for (const std::int64_t kept : run.kept) EXPECT_EQ(kept, 300);
  expect_conserved(run);
  EXPECT_GT(pliant::test::nccl_double().operations(), 0);
  // AR-Topk's rotating leader sends the same elements with any transport, and integers add up in any order.
  EXPECT_EQ(run.results, run_steps(settings("star_ring"), false).results);
}

TEST_F(DeviceLossy, WhateverTheOrderInWhichTheDeviceWorks) {
  const Steps host = run_steps(settings("star_ring"), false);
  for (std::uint32_t seed = 1; seed < 5; ++seed) {
    device_double().set_schedule(pliant::test::random_order(seed));
    EXPECT_EQ(run_steps(settings("star_ring"), true).results, host.results) << seed;
    EXPECT_EQ(run_steps(settings("nccl_star"), true).results, host.results) << seed;
  }
}

TEST_F(DeviceLossy, AGradientAnywhereInMemory) {
  std::vector<std::vector<float>> results;
  for (const std::size_t offset : {0, 1, 3}) {
    const FreshComm comm;
    ASSERT_EQ(set(comm, settings("allgather_topk")), MPI_SUCCESS);
    const std::vector<float> mine = gradient(comm.rank(), 0, kCount);
    std::vector<float> shifted(offset, 7.0F);
    shifted.insert(shifted.end(), mine.begin(), mine.end());
    const DeviceBuffer<float> buffer(shifted);
    for (int step = 0; step < 2; ++step)
      ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data() + offset, kCount, MPI_FLOAT, MPI_SUM, comm),
                MPI_SUCCESS);
    std::vector<float> result = buffer.get();
    EXPECT_EQ(std::vector<float>(result.begin(), result.begin() + static_cast<std::ptrdiff_t>(offset)),
              std::vector<float>(offset, 7.0F));
    result.erase(result.begin(), result.begin() + static_cast<std::ptrdiff_t>(offset));
    results.push_back(result);
  }
  EXPECT_EQ(results[1], results[0]);
  EXPECT_EQ(results[2], results[0]);
}

TEST_F(DeviceLossy, CodecsFeedbacksFloorsAndPolicies) {
  expect_alike(settings("allgather_topk", {{"pliant_value_codec", "int8"}}));
  expect_alike(settings("allgather_topk", {{"pliant_index_codec", "rice"}}));
  expect_alike(settings("star_ring", {{"pliant_error_feedback", "ef21"}}));
  expect_alike(settings("star_ring", {{"pliant_error_feedback", "none"}}));
  expect_alike(settings("star_ring,ring", {{"pliant_min_gain", "0.9"}}));
}

TEST_F(DeviceLossy, OnceWarmNothingIsAllocated) {
  for (const char* name : {"star_ring", "allgather_topk", "nccl_star", "ring"}) {
    SCOPED_TRACE(name);
    const FreshComm comm;
    ASSERT_EQ(set(comm, settings(name)), MPI_SUCCESS);
    const DeviceBuffer<float> buffer(gradient(comm.rank(), 0, kCount));
    const auto step = [&] {
      ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
    };
    step();
    step();
    const auto made = [] {
      std::int64_t calls = 0;
      for (const char* call : {"malloc", "free", "malloc_host", "free_host", "malloc_from_pool", "free_async",
                               "stream_create", "event_create"})
        calls += device_double().calls(call);
      return calls;
    };
    const std::int64_t before = made();
    step();
    step();
    EXPECT_EQ(made(), before);
  }
}

TEST_F(DeviceLossy, AdaptingPoliciesCountMagnitudesOnTheDevice) {
  const Steps run = run_steps(settings("star_ring", {{"pliant_policy", "pareto"}}), true);
  EXPECT_GT(device_double().launches(pliant::cuda::Kernel::stream_counting), 0);
  expect_conserved(run);
}

TEST_F(DeviceLossy, BlockingCallsKeepTheirResidualsOnTheDevice) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, settings("allgather_topk")), MPI_SUCCESS);
  const DeviceBuffer<float> buffer(gradient(comm.rank(), 0, kCount));
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  const auto before = device_double().counters();
  for (int step = 1; step < kSteps; ++step)
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  const auto& after = device_double().counters();
  // Only kept elements of 30,011 travel: 300 pairs a rank each way, and a few numbers.
  const std::int64_t most = (kSteps - 1) * ((1 + comm.ranks()) * 300 * 8 + 1000);
  EXPECT_LT(after.device_to_host_bytes - before.device_to_host_bytes, most);
  EXPECT_LT(after.host_to_device_bytes - before.host_to_device_bytes, most);
}

}  // namespace

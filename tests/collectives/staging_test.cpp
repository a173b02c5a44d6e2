// Calls on device memory: what is staged, its predicted cost, and the competing algorithms.
#include "collectives/device/staging.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "planner/selector.hpp"
#include "tests/support/selection.hpp"

namespace pliant {
namespace {

using test::rank_candidates;
using test::SelectionRequest;

constexpr CostModel kModel{
    .link = {.alpha_s = 20e-6, .beta_s_per_byte = 0.8e-9},
    .compute = {.gamma_s_per_byte = 1e-10,
                .select_s_per_element = 2e-9,
                .apply_s_per_element = 1e-10,
                .pair_s_per_element = 1e-9},
    .device = {.to_host = {.alpha_s = 5e-6, .beta_s_per_byte = 4e-11},
               .to_device = {.alpha_s = 5e-6, .beta_s_per_byte = 4e-11},
               .nccl = {.alpha_s = 20e-6, .beta_s_per_byte = 1e-10},
               .compute = {
                   .select_s_per_element = 1e-11, .apply_s_per_element = 1e-12, .pair_s_per_element = 1e-9}}};

AllreduceShape on_device(std::int64_t count) {
  return {{.ranks = 4}, {.count = count, .memory = Memory::device}, {.kept = count / 100}};
}

std::vector<std::string> names(const SelectionRequest& request) {
  std::vector<std::string> found;
  for (const Candidate& candidate : rank_candidates(request, AlgorithmFilter(), kModel).all())
    found.emplace_back(candidate.algorithm->name);
  return found;
}

bool has(const std::vector<std::string>& names, const char* name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Simulates the three stages of each block: a block enters a stage once it has left the one before and the
/// stage is free.
double pipeline_s(const AllreduceShape& shape, std::int64_t block_bytes) {
  double in_free = 0, reduce_free = 0, out_free = 0;
  for (std::int64_t begin = 0; begin < shape.bytes(); begin += block_bytes) {
    const std::int64_t bytes = std::min(block_bytes, shape.bytes() - begin);
    AllreduceShape block = shape;
    block.memory = Memory::host;
    block.count = bytes / 4;
    in_free +=
        kModel.device.to_host.alpha_s + static_cast<double>(bytes) * kModel.device.to_host.beta_s_per_byte;
    reduce_free = std::max(in_free, reduce_free) + ring_allreduce.cost_s(block, kModel);
    out_free = std::max(reduce_free, out_free) + kModel.device.to_device.alpha_s +
               static_cast<double>(bytes) * kModel.device.to_device.beta_s_per_byte;
  }
  return out_free;
}

TEST(Staging, CostsWhatItsPipelineTakes) {
  for (const std::int64_t count : {1000, 100'000, 1 << 20, 16 << 20}) {
    const AllreduceShape shape = on_device(count);
    const AllreduceShape tuned = tuned_for(ring_allreduce, shape, kModel);
    const double clock_s = pipeline_s(shape, std::min(tuned.stage_bytes, shape.bytes()));
    EXPECT_NEAR(device_cost_s(ring_allreduce, shape, kModel), clock_s, 0.01 * clock_s) << count;
    // In the simulation no other number of blocks is faster, within the formula's resolution.
    for (std::int64_t parts = 1; shape.bytes() / parts >= 256 << 10; parts *= 2)
      EXPECT_GE(pipeline_s(shape, (count + parts - 1) / parts * 4), 0.99 * clock_s) << count << ' ' << parts;
  }
}

TEST(Staging, IsDearerThanTheHostAndCheaperThanOneBlock) {
  const AllreduceShape shape = on_device(16 << 20);
  AllreduceShape host = shape;
  host.memory = Memory::host;
  const double staged_s = device_cost_s(ring_allreduce, shape, kModel);
  EXPECT_GT(staged_s, ring_allreduce.cost_s(host, kModel));
  EXPECT_LT(staged_s, pipeline_s(shape, shape.bytes()));
}

TEST(Staging, DeviceAlgorithmsCompeteWhereTheyCanRun) {
  SelectionRequest request{.shape = on_device(1 << 20), .lossy = true};
  EXPECT_FALSE(has(names(request), "nccl"));
  EXPECT_FALSE(has(names(request), "mpi_star"));
  EXPECT_TRUE(has(names(request), "ring"));
  EXPECT_TRUE(has(names(request), "star_ring"));
  // These read whole vectors in host memory.
  EXPECT_FALSE(has(names(request), "sparse_rabenseifner"));
  EXPECT_FALSE(has(names(request), "two_level_star_ring"));
  request.shape.has_nccl = true;
  EXPECT_TRUE(has(names(request), "nccl"));
  EXPECT_TRUE(has(names(request), "nccl_star"));
  request.shape.mpi_reads_device = true;
  EXPECT_TRUE(has(names(request), "mpi_star"));
  request.shape.memory = Memory::host;
  for (const char* name : {"nccl", "nccl_star", "mpi_star"}) EXPECT_FALSE(has(names(request), name)) << name;
}

TEST(Staging, TheCheapestTransportIsTaken) {
  SelectionRequest request{.shape = on_device(1 << 20)};
  request.shape.has_nccl = true;
  EXPECT_EQ(names(request)[0], "nccl");
  CostModel slow = kModel;
  slow.device.nccl.beta_s_per_byte = 1e-7;
  EXPECT_NE(rank_candidates(request, AlgorithmFilter(), slow).items[0].algorithm->name, "nccl");
}

TEST(Staging, SelectionCostsWhatTheDeviceTakes) {
  const AllreduceShape shape = on_device(1 << 20);
  CostModel slow = kModel;
  slow.device.compute.select_s_per_element *= 100;
  EXPECT_GT(device_cost_s(star_ring_allreduce, shape, slow),
            device_cost_s(star_ring_allreduce, shape, kModel));
  CostModel slow_host = kModel;
  slow_host.compute.select_s_per_element *= 100;
  EXPECT_EQ(device_cost_s(star_ring_allreduce, shape, slow_host),
            device_cost_s(star_ring_allreduce, shape, kModel));
}

TEST(Staging, MpiTakesItsPointersWhereItCan) {
  AllreduceShape shape = on_device(1 << 20);
  EXPECT_FALSE(takes_in_place(mpi_allreduce, shape));
  shape.mpi_reads_device = true;
  EXPECT_TRUE(takes_in_place(mpi_allreduce, shape));
  EXPECT_FALSE(takes_in_place(ring_allreduce, shape));
}

}  // namespace
}  // namespace pliant

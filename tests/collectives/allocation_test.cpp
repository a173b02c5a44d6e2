// Once buffers have grown, a step of a lossy or two-level algorithm allocates nothing, in kernels, codecs and
// collectives. This program counts operator new, communicators, and shared memory.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

#include "collectives/registry.hpp"
#include "compress/topk.hpp"
#include "tests/support/counting_new.hpp"
#include "tests/support/host_layouts.hpp"
#include "tests/support/kernels.hpp"
#include "tests/support/shared_memory.hpp"

namespace {

std::int64_t made_by_mpi = 0;

}  // namespace

/// MPI's profiling interface: calls that must not happen in a step.
extern "C" int MPI_Comm_split(MPI_Comm comm, int color, int key, MPI_Comm* made) {
  ++made_by_mpi;
  return PMPI_Comm_split(comm, color, key, made);
}
namespace pliant {
namespace {

using test::allocations;

constexpr std::int64_t kCount = 100'003;

class Allocation : public testing::Test {
 protected:
  void step(const AllreduceAlgorithm& algorithm, const IndexCodec& indices, const ValueCodec& values,
            std::int64_t number) {
    AllreduceCall call{
        .comm = comm_,
        .workspace = workspace_,
        .kernels = test::kernels_under_test(),
        .shape = {{.ranks = comm_.ranks(),
                   .hosts = hosts_ != nullptr ? hosts_->layout().hosts() : comm_.ranks(),
                   .most_on_host = hosts_ != nullptr ? hosts_->layout().most_on_host() : 1},
                  {.count = kCount},
                  {.kept = kept_count(kCount, 0.02), .index_codec = &indices, .value_codec = &values},
                  {.block_bytes = 100'000}},
        .hosts = channels(),
        .data = reinterpret_cast<std::byte*>(result_.data()),
        .residual = residual_.data(),
        .gradient = gradient_.data(),
        .step = number,
        .own = {},
        .outcome = {}};
    run(algorithm, call);
  }

  HostChannels* channels() const {
    return hosts_ != nullptr ? hosts_->channels_for(HostChannels::kSlotBytes) : nullptr;
  }

  void expect_none_after_growing(const AllreduceAlgorithm& algorithm, const IndexCodec& indices,
                                 const ValueCodec& values) {
    const std::int64_t ranks = comm_.ranks();  // every rank leads once
    for (std::int64_t number = 0; number < 2 * ranks; ++number) step(algorithm, indices, values, number);
    const std::int64_t before = allocations();
    const std::int64_t made_before = made_by_mpi;
    const std::int64_t reserved_before = test::memory_reserved;
    for (std::int64_t number = 0; number < 2 * ranks; ++number) step(algorithm, indices, values, number);
    EXPECT_EQ(made_by_mpi, made_before) << algorithm.name;
    EXPECT_EQ(test::memory_reserved, reserved_before) << algorithm.name;
    EXPECT_EQ(allocations() - before, 0) << algorithm.name << ", " << indices.name << ", " << values.name;
  }

  static std::vector<float> noise() {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    std::vector<float> values(kCount);
    for (float& value : values) value = normal(random);
    return values;
  }

  Communicator comm_ = Communicator::duplicate(MPI_COMM_WORLD);
  Workspace workspace_;
  std::unique_ptr<HostGroup> hosts_;
  std::vector<float> gradient_ = noise();
  std::vector<float> residual_ = std::vector<float>(kCount);
  std::vector<float> result_ = std::vector<float>(kCount);
};

TEST_F(Allocation, IsCounted) {
  const std::int64_t before = allocations();
  const std::vector<int> some(100);
  EXPECT_EQ(allocations() - before, 1) << some.size();
}

TEST_F(Allocation, NothingOnceBuffersHaveGrown) {
  for (const AllreduceAlgorithm* algorithm : algorithms()) {
    if (algorithm->exact || algorithm->reach == Reach::device) continue;
    for (const IndexCodec* indices : index_codecs())
      expect_none_after_growing(*algorithm, *indices, float32_values);
    for (const ValueCodec* values : value_codecs())
      expect_none_after_growing(*algorithm, raw_indices, *values);
  }
}

TEST_F(Allocation, NothingInTwoLevels) {
  for (const test::NamedLayout& layout : test::host_layouts(comm_.ranks())) {
    SCOPED_TRACE(layout.name);
    const std::int64_t made_before = made_by_mpi;
    const std::int64_t reserved_before = test::memory_reserved;
    hosts_ = std::make_unique<HostGroup>(comm_, layout.marks, layout.localities);
    if (channels() != nullptr) {
      EXPECT_EQ(made_by_mpi - made_before, hosts_->layout().hosts() > 1 ? 1 : 0) << "they are counted";
      EXPECT_EQ(test::memory_reserved - reserved_before, 1);
    }
    for (const AllreduceAlgorithm* algorithm : algorithms()) {
      const AllreduceShape shape{{.ranks = comm_.ranks(), .hosts = hosts_->layout().hosts()},
                                 {.count = kCount}};
      if (!algorithm->two_level || !algorithm->supports(shape)) continue;
      expect_none_after_growing(*algorithm, raw_indices, float32_values);
    }
  }
}

TEST_F(Allocation, NothingWithThreads) {
  Team team(3);
  workspace_.select.team = &team;
  expect_none_after_growing(*find_algorithm("allgather_topk"), block_indices, float32_values);
  workspace_.select.team = nullptr;
}

}  // namespace
}  // namespace pliant

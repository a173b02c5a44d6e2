// Properties that every entry of the registry must have, checked without running it.
#include "collectives/registry.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <limits>
#include <set>
#include <string>

#include "compress/wire.hpp"
#include "planner/selector.hpp"

namespace pliant {
namespace {

constexpr CostModel kModel{.link = {.alpha_s = 20e-6, .beta_s_per_byte = 0.8e-9},
                           .compute = {.gamma_s_per_byte = 1e-10,
                                       .select_s_per_element = 2e-9,
                                       .apply_s_per_element = 1e-10,
                                       .pair_s_per_element = 1e-9},
                           .device = {.to_host = {.alpha_s = 5e-6, .beta_s_per_byte = 4e-11},
                                      .to_device = {.alpha_s = 5e-6, .beta_s_per_byte = 4e-11},
                                      .nccl = {.alpha_s = 20e-6, .beta_s_per_byte = 1e-10}}};

/// A shape of `ranks` ranks, on hosts and in memory that the algorithm supports.
AllreduceShape shape_for(const AllreduceAlgorithm& algorithm, int ranks) {
  AllreduceShape shape{{.ranks = ranks}, {.count = 100'000}, {.kept = 1000}};
  if (!algorithm.supports(shape)) {
    shape.hosts = 1;
    shape.most_on_host = ranks;
  }
  if (algorithm.reach == Reach::device) {
    shape.memory = Memory::device;
    shape.has_nccl = shape.mpi_reads_device = true;
  }
  return shape;
}

class Algorithm : public testing::TestWithParam<const AllreduceAlgorithm*> {};

TEST_P(Algorithm, IsFoundByItsNameAndNoOther) {
  EXPECT_EQ(find_algorithm(GetParam()->name), GetParam());
  EXPECT_EQ(find_algorithm(std::string(GetParam()->name) + "x"), nullptr);
  EXPECT_FALSE(GetParam()->summary.empty());
  for (const char c : GetParam()->name) EXPECT_TRUE(std::islower(c) || c == '_') << "not a word for settings";
}

TEST_P(Algorithm, CostsMoreWithMoreElementsMoreKeptAndMoreLatency) {
  const AllreduceAlgorithm& algorithm = *GetParam();
  for (int ranks = 2; ranks <= 17; ++ranks) {
    const AllreduceShape shape = shape_for(algorithm, ranks);
    AllreduceShape longer = shape;
    longer.count *= 2;
    AllreduceShape denser = shape;
    denser.kept *= 2;
    CostModel slower = kModel;
    slower.link.alpha_s *= 2;
    slower.device.nccl.alpha_s *= 2;
    const double cost_s = algorithm.cost_s(shape, kModel);
    EXPECT_GT(cost_s, 0) << ranks;
    EXPECT_GT(algorithm.cost_s(longer, kModel), cost_s) << ranks;
    EXPECT_GT(algorithm.cost_s(shape, slower), cost_s) << ranks;
    if (algorithm.exact) {
      EXPECT_EQ(algorithm.cost_s(denser, kModel), cost_s) << ranks;
    } else {
      EXPECT_GT(algorithm.cost_s(denser, kModel), cost_s) << ranks;
    }
  }
}

TEST_P(Algorithm, SendsNothingAlone) {
  const AllreduceShape alone{{.ranks = 1}, {.count = 1000}, {.kept = 10}};
  EXPECT_EQ(total_wire_bytes(*GetParam(), alone), 0);
}

TEST_P(Algorithm, SendsAsManyBytesAsItsLeadersDo) {
  if (!GetParam()->two_level) return;
  AllreduceShape uneven{{.ranks = 7, .hosts = 3, .most_on_host = 4}, {.count = 1000}, {.kept = 10}};
  AllreduceShape leaders{{.ranks = 3}, {.count = 1000}, {.kept = 10}};
  if (!GetParam()->supports(uneven)) uneven.hosts = leaders.hosts = 1;
  EXPECT_EQ(total_wire_bytes(*GetParam(), uneven), total_wire_bytes(*GetParam(), leaders));
}

TEST_P(Algorithm, SupportsWhatItsKindMust) {
  const bool exact = GetParam()->exact;
  for (const ElementType type :
       {ElementType::float32, ElementType::float64, ElementType::int32, ElementType::int64}) {
    AllreduceShape shape = shape_for(*GetParam(), 2);
    shape.type = type;
    EXPECT_EQ(GetParam()->supports(shape), exact || type == ElementType::float32);
  }
  AllreduceShape empty = shape_for(*GetParam(), 2);
  empty.count = 0;
  EXPECT_EQ(GetParam()->supports(empty), exact);
  AllreduceShape beyond_uint32 = shape_for(*GetParam(), 2);
  beyond_uint32.count = (std::int64_t{1} << 32) + 1;
  EXPECT_EQ(GetParam()->supports(beyond_uint32), exact);
}

INSTANTIATE_TEST_SUITE_P(Registry, Algorithm, testing::ValuesIn(kAlgorithms),
                         [](const auto& info) { return std::string(info.param->name); });

TEST(Registry, HoldsADeterministicAlgorithmOfEachKind) {
  std::set<bool> kinds;
  for (const AllreduceAlgorithm* algorithm : algorithms())
    if (algorithm->deterministic) kinds.insert(algorithm->exact);
  EXPECT_EQ(kinds.size(), 2U);
}

}  // namespace
}  // namespace pliant

// Cost formulas are nearly linear in the network's parameters, and slope_of() returns their slopes.
#include "planner/slope.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "collectives/registry.hpp"

namespace pliant {
namespace {

constexpr ComputeModel kCompute = {.gamma_s_per_byte = 0.1e-9,
                                   .select_s_per_element = 1e-9,
                                   .apply_s_per_element = 0.1e-9,
                                   .pair_s_per_element = 2e-9,
                                   .drain_s_per_element = 0.5e-9,
                                   .codec_s_per_index = {1e-9, 4e-9, 10e-9}};

/// Calls act(algorithm, shape, model) for every algorithm on many networks.
template <class Act>
void for_each_case(Act&& act) {
  for (const AllreduceAlgorithm* algorithm : kAlgorithms)
    for (const int ranks : {2, 3, 8, 100})
      for (const std::int64_t count : {1'000, 1'000'000, 100'000'000})
        for (const double alpha_s : {10e-6, 1e-3, 50e-3})
          for (const double beta : {8e-11, 8e-9, 8e-7}) {
            const AllreduceShape shape{
                {.ranks = ranks}, {.count = count}, {.kept = std::max<std::int64_t>(1, count / 100)}};
            if (algorithm->supports(shape))
              act(*algorithm, shape, CostModel{.link = {alpha_s, beta, 2e-6}, .compute = kCompute});
          }
}

TEST(Slope, ItsPartsAreTheFormula) {
  for_each_case([](const AllreduceAlgorithm& algorithm, const AllreduceShape& shape, const CostModel& model) {
    const CostSlope slope = slope_of(algorithm, shape, model);
    EXPECT_GE(slope.messages, 0);
    EXPECT_GE(slope.bytes, 0);
    EXPECT_GE(slope.fixed_s, 0);
    const double sum_s =
        slope.messages * model.link.alpha_s + slope.bytes * model.link.beta_s_per_byte + slope.fixed_s;
    EXPECT_NEAR(sum_s / algorithm.cost_s(shape, model), 1, 1e-9) << algorithm.name;
  });
}

// A formula is linear, or a minimum of linear ones (a choice), or a maximum (one part hides another). Its
// line bends where latency begins to hide transfer. There, moving a fifth away causes an error of the same
// size; elsewhere one per cent.
TEST(Slope, FormulasAreNearlyLinear) {
  double worst = 0, sum = 0;
  int cases = 0;
  for_each_case([&](const AllreduceAlgorithm& algorithm, const AllreduceShape& shape,
                    const CostModel& model) {
    const CostSlope slope = slope_of(algorithm, shape, model);
    for (const double alpha : {0.8, 1.0, 1.25})
      for (const double beta : {0.8, 1.0, 1.25}) {
        CostModel other = model;
        other.link.alpha_s *= alpha;
        other.link.beta_s_per_byte *= beta;
        const double line_s =
            slope.messages * other.link.alpha_s + slope.bytes * other.link.beta_s_per_byte + slope.fixed_s;
        const double off = std::abs(std::log(line_s / algorithm.cost_s(shape, other)));
        worst = std::max(worst, off);
        sum += off;
        ++cases;
      }
  });
  RecordProperty("worst", std::to_string(worst));
  RecordProperty("mean", std::to_string(sum / cases));
  EXPECT_LT(worst, 0.25);
  EXPECT_LT(sum / cases, 0.01);
}

TEST(Slope, OfATreeIsTheTables) {
  const AllreduceAlgorithm& doubling = *find_algorithm("recursive_doubling");
  const AllreduceShape shape{{.ranks = 8}, {.count = 10}};
  const CostSlope slope = slope_of(doubling, shape, {.link = {1e-3, 8e-9, 0}, .compute = {}});
  EXPECT_NEAR(slope.messages, 3, 1e-9);
  EXPECT_NEAR(slope.bytes, 3 * 40, 1e-6);
  EXPECT_NEAR(slope.fixed_s, 0, 1e-12);
}

TEST(Slope, OneRankAsksForNothing) {
  const CostSlope slope = slope_of(*find_algorithm("ring"), {{.ranks = 1}, {.count = 10}},
                                   {.link = {1e-3, 8e-9, 0}, .compute = {}});
  EXPECT_EQ(slope.messages, 0);
  EXPECT_EQ(slope.bytes, 0);
}

}  // namespace
}  // namespace pliant

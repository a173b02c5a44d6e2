// The choice of collective against published numbers. Source: Table VI of Tyagi and Swany, "Flexible
// Communication for Optimal Distributed Learning over Unpredictable Networks" (IEEE BigData 2023). Also a
// larger table computed from its Eq. 4.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "compress/topk.hpp"
#include "planner/papers.hpp"

namespace pliant {
namespace {

constexpr int kRanks = 8;

// Elements of the gradients. The paper gives no size for ViT; this one reproduces its Tables III to VI.
constexpr std::int64_t kResNet18 = 11'689'512;
constexpr std::int64_t kResNet50 = 25'557'032;
constexpr std::int64_t kAlexNet = 61'100'840;
constexpr std::int64_t kViT = 133'300'000;

struct PublishedCell {
  std::int64_t count;
  double density;
  double gbps;
  double allgather_ms, ring_ms, tree_ms;
  const char* winner;
};

// Table VI: communication time at alpha = 1 ms on 8 ranks. The winner is printed in bold.
constexpr PublishedCell kTableVI[] = {
    // clang-format off
    {kResNet18, 0.1, 10, 54, 35, 43.2, "star_ring"},
    {kResNet18, 0.1, 5, 107.76, 52.5, 76.3, "star_ring"},
    {kResNet18, 0.1, 1, 526.3, 194.7, 345.6, "star_ring"},
    {kResNet18, 0.01, 10, 7.66, 18.1, 12.2, "allgather_topk"},
    {kResNet18, 0.01, 5, 13.83, 20.8, 16.1, "allgather_topk"},
    {kResNet18, 0.01, 1, 51.93, 34.1, 41.9, "star_ring"},
    {kResNet18, 0.001, 10, 3.28, 16.7, 9, "allgather_topk"},
    {kResNet18, 0.001, 5, 4.25, 17.9, 10.1, "allgather_topk"},
    {kResNet18, 0.001, 1, 8.86, 19.5, 12.8, "allgather_topk"},
    {kResNet50, 0.1, 10, 115.1, 52.9, 83.4, "star_ring"},
    {kResNet50, 0.1, 5, 232, 94.7, 156.2, "star_ring"},
    {kResNet50, 0.1, 1, 1148, 405.5, 745, "star_ring"},
    {kResNet50, 0.01, 10, 14.35, 20.3, 15.9, "allgather_topk"},
    {kResNet50, 0.01, 5, 28.1, 26.1, 24.2, "star_tree"},
    {kResNet50, 0.01, 1, 126.5, 58.8, 83.7, "star_ring"},
    {kResNet50, 0.001, 10, 4.65, 18.1, 10, "allgather_topk"},
    {kResNet50, 0.001, 5, 5.3, 17.8, 10.5, "allgather_topk"},
    {kResNet50, 0.001, 1, 14.35, 21, 16.1, "allgather_topk"},
    {kAlexNet, 0.1, 10, 271.8, 106.8, 180.4, "star_ring"},
    {kAlexNet, 0.1, 5, 544.5, 200.4, 354.8, "star_ring"},
    {kAlexNet, 0.1, 1, 2718.7, 964.4, 1778, "star_ring"},
    {kAlexNet, 0.01, 10, 32.73, 25.2, 25.8, "star_ring"},
    {kAlexNet, 0.01, 5, 61.75, 34.8, 42.6, "star_ring"},
    {kAlexNet, 0.01, 1, 282.7, 111.8, 186.8, "star_ring"},
    {kAlexNet, 0.001, 10, 6, 18.6, 11.1, "allgather_topk"},
    {kAlexNet, 0.001, 5, 8.92, 19.3, 13.1, "allgather_topk"},
    {kAlexNet, 0.001, 1, 31.33, 27, 27.3, "star_ring"},
    {kViT, 0.1, 10, 592.77, 238.6, 401.2, "star_ring"},
    {kViT, 0.1, 5, 1206, 424.3, 779.1, "star_ring"},
    {kViT, 0.1, 1, 5973, 2047, 3852, "star_ring"},
    {kViT, 0.01, 10, 68.48, 36.2, 46.2, "star_ring"},
    {kViT, 0.01, 5, 127.45, 58, 86.2, "star_ring"},
    {kViT, 0.01, 1, 601.8, 222.8, 385.2, "star_ring"},
    {kViT, 0.001, 10, 9.15, 19.2, 12.9, "allgather_topk"},
    {kViT, 0.001, 5, 15.3, 21.4, 16.9, "allgather_topk"},
    {kViT, 0.001, 1, 59.68, 36.7, 44.4, "star_ring"},
    // clang-format on
};

struct Expectation {
  const char* winner;
  double ms;
};

struct ExpectedRow {
  std::int64_t count;
  double alpha_ms;
  double gbps;
  std::array<Expectation, 5> by_density;
};

constexpr std::array<double, 5> kDensities = {0.1, 0.033, 0.011, 0.004, 0.001};

// The best of allgather_topk, star_ring and star_tree by Eq. 4, computed independently of this code.
constexpr ExpectedRow kExpected[] = {
    // clang-format off
    {kResNet18, 1, 25, {{{"star_tree", 22.5}, {"allgather_topk", 9.9}, {"allgather_topk", 5.3}, {"allgather_topk", 3.8}, {"allgather_topk", 3.2}}}},
    {kResNet50, 1, 25, {{{"star_ring", 32.5}, {"allgather_topk", 18.1}, {"allgather_topk", 8.0}, {"allgather_topk", 4.8}, {"allgather_topk", 3.5}}}},
    {kAlexNet, 1, 25, {{{"star_ring", 54.1}, {"star_ring", 29.3}, {"allgather_topk", 15.0}, {"allgather_topk", 7.4}, {"allgather_topk", 4.1}}}},
    {kViT, 1, 25, {{{"star_ring", 98.0}, {"star_ring", 43.7}, {"star_tree", 25.9}, {"allgather_topk", 12.6}, {"allgather_topk", 5.4}}}},
    {kResNet18, 1, 1, {{{"star_ring", 194.7}, {"star_ring", 75.6}, {"star_ring", 36.5}, {"star_tree", 22.5}, {"allgather_topk", 8.2}}}},
    {kResNet50, 1, 1, {{{"star_ring", 405.5}, {"star_ring", 145.2}, {"star_ring", 59.7}, {"star_ring", 32.5}, {"allgather_topk", 14.4}}}},
    {kAlexNet, 1, 1, {{{"star_ring", 945.7}, {"star_ring", 323.5}, {"star_ring", 119.2}, {"star_ring", 54.1}, {"star_ring", 26.3}}}},
    {kViT, 1, 1, {{{"star_ring", 2043}, {"star_ring", 685.6}, {"star_ring", 239.9}, {"star_ring", 98.0}, {"star_ring", 37.3}}}},
    {kResNet18, 50, 1, {{{"allgather_topk", 673.7}, {"allgather_topk", 322.8}, {"allgather_topk", 207.6}, {"allgather_topk", 170.9}, {"allgather_topk", 155.2}}}},
    {kResNet50, 50, 1, {{{"star_tree", 1186}, {"allgather_topk", 527.8}, {"allgather_topk", 275.9}, {"allgather_topk", 195.8}, {"allgather_topk", 161.4}}}},
    {kAlexNet, 50, 1, {{{"star_ring", 1778.7}, {"star_tree", 1030.7}, {"allgather_topk", 451}, {"allgather_topk", 259.5}, {"allgather_topk", 177.4}}}},
    {kViT, 50, 1, {{{"star_ring", 2876}, {"star_ring", 1518.6}, {"allgather_topk", 806.9}, {"allgather_topk", 388.9}, {"allgather_topk", 209.7}}}},
    {kResNet18, 50, 25, {{{"allgather_topk", 170.9}, {"allgather_topk", 156.9}, {"allgather_topk", 152.3}, {"allgather_topk", 150.8}, {"allgather_topk", 150.2}}}},
    {kResNet50, 50, 25, {{{"allgather_topk", 195.8}, {"allgather_topk", 165.1}, {"allgather_topk", 155}, {"allgather_topk", 151.8}, {"allgather_topk", 150.5}}}},
    {kAlexNet, 50, 25, {{{"allgather_topk", 259.5}, {"allgather_topk", 186.1}, {"allgather_topk", 162}, {"allgather_topk", 154.4}, {"allgather_topk", 151.1}}}},
    {kViT, 50, 25, {{{"allgather_topk", 388.9}, {"allgather_topk", 228.8}, {"allgather_topk", 176.3}, {"allgather_topk", 159.6}, {"allgather_topk", 152.4}}}},
    {kResNet18, 32, 1, {{{"allgather_topk", 619.7}, {"allgather_topk", 268.8}, {"allgather_topk", 153.6}, {"allgather_topk", 116.9}, {"allgather_topk", 101.2}}}},
    {kResNet50, 32, 1, {{{"star_ring", 932.5}, {"allgather_topk", 473.8}, {"allgather_topk", 221.9}, {"allgather_topk", 141.8}, {"allgather_topk", 107.4}}}},
    {kAlexNet, 32, 1, {{{"star_ring", 1472.7}, {"star_ring", 850.5}, {"allgather_topk", 397.1}, {"allgather_topk", 205.5}, {"allgather_topk", 123.4}}}},
    {kViT, 32, 1, {{{"star_ring", 2570}, {"star_ring", 1212.6}, {"star_tree", 710.3}, {"allgather_topk", 334.9}, {"allgather_topk", 155.7}}}},
    // clang-format on
};

CostModel network(double alpha_ms, double gbps) {
  return {.link = {.alpha_s = alpha_ms * 1e-3, .beta_s_per_byte = 8e-9 / gbps}, .compute = {}};
}

AllreduceShape shape_of(std::int64_t count, double density) {
  return {{.ranks = kRanks}, {.count = count}, {.kept = kept_count(count, density)}};
}

Candidate best(const AllreduceShape& shape, const std::string& filter, const CostModel& model) {
  return papers::rank(shape, AlgorithmFilter(filter), model.link).all().front();
}

constexpr const char* kOfTheTable = "allgather_topk,star_ring,star_tree";

TEST(PaperTable, HoldsAll36Cells) {
  EXPECT_EQ(std::size(kTableVI), 36U);
  for (const PublishedCell& cell : kTableVI) {
    const double least_ms = std::min({cell.allgather_ms, cell.ring_ms, cell.tree_ms});
    const std::string winner = cell.winner;
    EXPECT_EQ(least_ms, winner == "star_ring"   ? cell.ring_ms
                        : winner == "star_tree" ? cell.tree_ms
                                                : cell.allgather_ms);
  }
}

TEST(PaperTable, EveryPublishedWinnerWins) {
  for (const PublishedCell& cell : kTableVI) {
    const AllreduceShape shape = shape_of(cell.count, cell.density);
    const CostModel model = network(1, cell.gbps);
    SCOPED_TRACE(std::to_string(cell.count) + " x " + std::to_string(cell.density) + " at " +
                 std::to_string(cell.gbps) + " Gbps");
    EXPECT_EQ(best(shape, kOfTheTable, model).algorithm->name, cell.winner);
    EXPECT_EQ(best(shape, "auto", model).algorithm->name, cell.winner) << "of all candidates";
  }
}

// The paper's measurements deviate from its own formulas by up to 12.2 % (ResNet50 at 0.001, 10 Gbps).
TEST(PaperTable, PublishedTimesAreThoseOfTheModel) {
  for (const PublishedCell& cell : kTableVI) {
    const AllreduceShape shape = shape_of(cell.count, cell.density);
    const auto predicted_ms = [&](const AllreduceAlgorithm& algorithm) {
      return papers::cost_s(algorithm, shape, network(1, cell.gbps).link) * 1e3;
    };
    EXPECT_NEAR(predicted_ms(allgather_topk_allreduce) / cell.allgather_ms, 1, 0.13);
    EXPECT_NEAR(predicted_ms(star_ring_allreduce) / cell.ring_ms, 1, 0.13);
    EXPECT_NEAR(predicted_ms(star_tree_allreduce) / cell.tree_ms, 1, 0.13);
  }
}

TEST(PaperTable, DerivedExpectations) {
  for (const ExpectedRow& row : kExpected) {
    for (std::size_t i = 0; i < kDensities.size(); ++i) {
      const Expectation& expected = row.by_density[i];
      const Candidate winner =
          best(shape_of(row.count, kDensities[i]), kOfTheTable, network(row.alpha_ms, row.gbps));
      SCOPED_TRACE(std::to_string(row.count) + " x " + std::to_string(kDensities[i]) + " at " +
                   std::to_string(row.alpha_ms) + " ms, " + std::to_string(row.gbps) + " Gbps");
      EXPECT_EQ(winner.algorithm->name, expected.winner);
      const double rounding_ms = std::max(0.051, 5e-4 * expected.ms);
      EXPECT_NEAR(winner.predicted_s * 1e3, expected.ms, rounding_ms);
    }
  }
}

}  // namespace
}  // namespace pliant

// The paper finds the knee with NSGA-II (population 40, 40 generations), and picks from its front by the same
// weights. Policy pareto must be no worse, and near the same density.
#include <gtest/gtest.h>

#include <pagmo/algorithm.hpp>
#include <pagmo/algorithms/nsga2.hpp>
#include <pagmo/population.hpp>
#include <pagmo/problem.hpp>

#include "planner/density/policy.hpp"
#include "tests/planner/density/gains.hpp"

namespace pliant {
namespace {

constexpr std::int64_t kCount = 11'689'512;  // ResNet18

/// Two objectives of one density: predicted seconds, and 1 / gain.
struct Objectives {
  const ChoiceInput* input = nullptr;

  pagmo::vector_double fitness(const pagmo::vector_double& x) const {
    const auto kept = static_cast<std::int64_t>(x[0] * kCount);
    return {lossy_s(*input, kept), 1 / input->gain->at(kept)};
  }
  std::pair<pagmo::vector_double, pagmo::vector_double> get_bounds() const { return {{0.001}, {0.1}}; }
  pagmo::vector_double::size_type get_nobj() const { return 2; }
};

/// The weighted Chebyshev value of one point between ideal and nadir of the whole range.
double value(const Objectives& objectives, double density) {
  const auto fast = objectives.fitness({0.001});
  const auto good = objectives.fitness({0.1});
  const auto at = objectives.fitness({density});
  return std::max(0.6 * (at[0] - fast[0]) / (good[0] - fast[0]),
                  0.4 * (at[1] - good[1]) / (fast[1] - good[1]));
}

TEST(Nsga2, FindsNothingBetterThanBisection) {
  const AlgorithmFilter filter;
  const Settings settings = test::usual_settings();
  for (const double power : {1.0, 2.0, 4.0})
    for (const auto& [alpha_s, gbps] : {std::pair{1e-3, 25.0}, {1e-3, 1.0}, {50e-3, 1.0}, {50e-3, 25.0}}) {
      SCOPED_TRACE(testing::Message() << "power " << power << ", " << alpha_s << " s, " << gbps << " Gbit/s");
      CostModel model = test::kModel;
      model.link = {.alpha_s = alpha_s, .beta_s_per_byte = 8e-9 / gbps};
      const GainModel gain = test::model_of(kCount, power);
      const ChoiceInput input{.settings = settings,
                              .filter = filter,
                              .shape = {{.ranks = 8}, {.count = kCount}},
                              .model = &model,
                              .gain = &gain};
      const Objectives objectives{&input};
      pagmo::population population(pagmo::problem(objectives), 40, 1);
      population = pagmo::algorithm(pagmo::nsga2(40, 0.9, 15, 1, 20, 1)).evolve(population);
      double best = 1, chosen = 0;
      for (const auto& x : population.get_x())
        if (value(objectives, x[0]) < best) best = value(objectives, chosen = x[0]);
      const double density = static_cast<double>(pareto_policy.decide(input).kept) / kCount;
      EXPECT_LE(value(objectives, density), best + 1e-6);
      // The front has 40 points, so the best of them is only near the knee.
      EXPECT_NEAR(value(objectives, density), best, 0.05);
      EXPECT_NEAR(density, chosen, 0.3 * chosen);
    }
}

}  // namespace
}  // namespace pliant

// The margin of a budget, and how well budgets hold on links that change and are noisy.
#include "planner/density/margin.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <numbers>

#include "compress/topk.hpp"
#include "planner/density/policy.hpp"
#include "planner/selector.hpp"
#include "tests/planner/density/gains.hpp"
#include "tests/support/selection.hpp"

namespace pliant {
namespace {

using test::rank_candidates;
using test::SelectionRequest;

TEST(Margin, BeginsCautious) {
  EXPECT_NEAR(BudgetMargin().factor(), std::exp(1.75 * 0.08), 0.001);
}

TEST(Margin, LearnsTheRatioAndItsSpread) {
  for (const double ratio : {0.7, 1.0, 1.5})
    for (const double noise : {0.02, 0.05, 0.1}) {
      std::mt19937 random(1);
      std::normal_distribution<double> normal;
      BudgetMargin margin;
      int above = 0;
      constexpr int kSteps = 20'000;
      for (int i = 0; i < kSteps; ++i) {
        const double measured = 3 * ratio * (1 + noise * normal(random));
        if (i > 100 && measured > 3 * margin.factor()) ++above;
        margin.add(measured, 3);
      }
      EXPECT_NEAR(static_cast<double>(above) / kSteps, 0.045, 0.012) << ratio << ", noise " << noise;
    }
}

TEST(Margin, ADropOfTheNetworkMovesItLittle) {
  BudgetMargin margin;
  std::mt19937 random(2);
  std::normal_distribution<double> normal;
  for (int i = 0; i < 200; ++i) margin.add(1 + 0.05 * normal(random), 1);
  const double before = margin.factor();
  margin.add(50, 1);
  EXPECT_LT(margin.factor(), before * 1.06);
  for (int i = 0; i < 40; ++i) margin.add(1 + 0.05 * normal(random), 1);
  EXPECT_NEAR(margin.factor(), before, 0.06);
}

TEST(Margin, NonsenseChangesNothing) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  BudgetMargin margin;
  margin.add(1.3, 1);
  const double before = margin.factor();
  for (const double bad : {0.0, -1.0, kNan, kInfinity}) {
    margin.add(bad, 1);
    margin.add(1, bad);
  }
  EXPECT_EQ(margin.factor(), before);
}

TEST(Margin, IsBounded) {
  BudgetMargin slow, fast;
  for (int i = 0; i < 10'000; ++i) {
    slow.add(1e9, 1);
    fast.add(1e-9, 1);
  }
  EXPECT_EQ(slow.factor(), BudgetMargin::kMost);
  EXPECT_EQ(fast.factor(), 1 / BudgetMargin::kMost);
}

// ---- Budgets on links that change ----

struct Link {
  double alpha_s;
  double gbps;
};

/// All links, step by step, and the time budget of a step.
struct Schedule {
  const char* name;
  std::function<Link(int)> at;
  int steps;
  double budget_s;
};

constexpr int kEpoch = 40;  // steps

Schedule c1() {
  return {"C1",
          [](int step) {
            const int epoch = step / kEpoch;
            return epoch < 12   ? Link{1e-3, 25}
                   : epoch < 24 ? Link{1e-3, 1}
                   : epoch < 36 ? Link{50e-3, 1}
                                : Link{50e-3, 25};
          },
          50 * kEpoch, 0.6};
}

Schedule c2() {
  return {"C2",
          [](int step) {
            constexpr std::array<Link, 12> kLinks = {{{1e-3, 25},
                                                      {2e-3, 20},
                                                      {4e-3, 15},
                                                      {8e-3, 10},
                                                      {16e-3, 5},
                                                      {32e-3, 1},
                                                      {32e-3, 1},
                                                      {16e-3, 5},
                                                      {8e-3, 10},
                                                      {4e-3, 15},
                                                      {2e-3, 20},
                                                      {1e-3, 25}}};
            return kLinks[static_cast<std::size_t>(std::min(step / (4 * kEpoch), 11))];
          },
          48 * kEpoch, 0.5};
}

Schedule sine() {
  return {"sine",
          [](int step) {
            const double wave = std::sin(std::numbers::pi * step / 300);
            return Link{1e-3, 0.2 + 0.8 * wave * wave};
          },
          4'000, 0.3};
}

/// A scalar Kalman filter for the logarithm of the bandwidth, on a link of known latency.
class Estimator {
 public:
  LinkModel link(double alpha_s) const { return {.alpha_s = alpha_s, .beta_s_per_byte = beta_s_per_byte_}; }

  /// without_s: prediction with infinite bandwidth.
  void add(double measured_s, double predicted_s, double without_s) {
    constexpr double kNoise = 0.1 * 0.1;
    constexpr double kDrift = 0.025 * 0.025;
    const double share = 1 - without_s / predicted_s;
    const double off = std::log(measured_s / predicted_s);
    variance_ += kDrift;
    if (off * off > 12 * (share * share * variance_ + kNoise)) variance_ = 1;
    const double weight = variance_ * share / (share * share * variance_ + kNoise);
    beta_s_per_byte_ *= std::exp(std::clamp(weight * off, -3.0, 3.0));
    variance_ *= 1 - weight * share;
  }

 private:
  double beta_s_per_byte_ = 8e-9;
  double variance_ = 1;
};

struct Outcome {
  int steps = 0;  ///< lossy steps, except those within three of a change
  int held = 0;
  double used = 0;  ///< sum over these of time / budget
};

Outcome follow(const Schedule& schedule, double noise, unsigned seed, bool with_margin) {
  constexpr std::int64_t kCount = 11'689'512;  // ResNet18
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  const AlgorithmFilter filter("^mpi");
  Settings settings = test::usual_settings();
  settings.time_budget_s = schedule.budget_s;
  const double compute_s = 0.2 * schedule.budget_s;
  Estimator estimator;
  BudgetMargin margin;
  Outcome outcome;
  int changed = 0;
  for (int step = 0; step < schedule.steps; ++step) {
    const Link link = schedule.at(step);
    const Link before = schedule.at(std::max(step - 1, 0));
    if (link.alpha_s != before.alpha_s || std::abs(link.gbps / before.gbps - 1) > 0.1) changed = step;
    CostModel believed = test::kModel, real = test::kModel, without = test::kModel;
    believed.link = estimator.link(link.alpha_s);
    real.link = {.alpha_s = link.alpha_s, .beta_s_per_byte = 8e-9 / link.gbps};
    without.link = {.alpha_s = link.alpha_s};
    AllreduceShape shape{{.ranks = 8}, {.count = kCount}};
    const PolicyDecision decision = decide_kept(budget_policy, {.settings = settings,
                                                                .filter = filter,
                                                                .shape = shape,
                                                                .model = &believed,
                                                                .compute_s = compute_s,
                                                                .margin = with_margin ? margin.factor() : 1});
    shape.kept = decision.kept;
    const Candidate chosen =
        rank_candidates({.shape = shape, .lossy = decision.lossy, .exact = !decision.lossy}, filter, believed)
            .items[0];
    const double measured_s =
        chosen.algorithm->cost_s(shape, real) * std::max(0.1, 1 + noise * normal(random));
    estimator.add(measured_s, chosen.predicted_s, chosen.algorithm->cost_s(shape, without));
    margin.add(measured_s, chosen.predicted_s);
    if (step < changed + 3 || !decision.lossy) continue;
    ++outcome.steps;
    outcome.held += compute_s + measured_s <= schedule.budget_s ? 1 : 0;
    outcome.used += (compute_s + measured_s) / schedule.budget_s;
  }
  return outcome;
}

Outcome follow_thrice(const Schedule& schedule, double noise, bool with_margin) {
  Outcome sum;
  for (unsigned seed = 1; seed <= 3; ++seed) {
    const Outcome outcome = follow(schedule, noise, seed, with_margin);
    sum.steps += outcome.steps;
    sum.held += outcome.held;
    sum.used += outcome.used;
  }
  return sum;
}

TEST(Budget, HoldsOnLinksThatChange) {
  for (const Schedule& schedule : {c1(), c2(), sine()})
    for (const double noise : {0.05, 0.1}) {
      const Outcome sum = follow_thrice(schedule, noise, true);
      const double held = static_cast<double>(sum.held) / sum.steps;
      const double used = sum.used / sum.steps;
      std::printf("%-4s noise %2.0f %%: %5d lossy steps, %5.2f %% within the budget, %5.2f %% of it used\n",
                  schedule.name, 100 * noise, sum.steps, 100 * held, 100 * used);
      EXPECT_GT(sum.steps, 500) << schedule.name;
      EXPECT_GE(held, 0.95) << schedule.name << ", noise " << noise;
      EXPECT_GE(used, 0.85) << schedule.name << ", noise " << noise;
    }
}

TEST(Budget, HoldsHalfOfTheTimeWithoutAMargin) {
  for (const Schedule& schedule : {c1(), c2(), sine()}) {
    const Outcome sum = follow_thrice(schedule, 0.1, false);
    EXPECT_NEAR(static_cast<double>(sum.held) / sum.steps, 0.5, 0.1) << schedule.name;
  }
}

}  // namespace
}  // namespace pliant

// Error feedback loses nothing. The ranks are simulated in one process. Values are small integers, so that
// every sum is exact and the identities hold with ==.
#include "compress/error_feedback.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/bits.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/topk_oracle.hpp"

namespace pliant {
namespace {

constexpr int kRanks = 3;
constexpr int kSteps = 6;
constexpr std::int64_t kCount = 50;
constexpr std::int64_t kKept = 7;

using Vector = std::vector<float>;

/// Distinct and non-zero values that differ for each rank and step.
float gradient_at(int rank, int step, std::size_t i) {
  const int value = 1 + static_cast<int>((i * 37 + static_cast<std::size_t>(rank * 11 + step * 5)) % 101);
  return static_cast<float>((i + static_cast<std::size_t>(rank)) % 2 == 0 ? value : -value);
}

Vector gradient_of(int rank, int step) {
  Vector gradient(kCount);
  for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] = gradient_at(rank, step, i);
  return gradient;
}

void add(Vector& into, const Vector& from, float factor = 1) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] += factor * from[i];
}

/// Result of one step, summed over the ranks.
struct Step {
  Vector gradients = Vector(kCount);
  Vector residuals_before = Vector(kCount);
  Vector residuals_after = Vector(kCount);
  Vector sent = Vector(kCount);
  std::vector<Vector> results;  ///< [ranks]
};

constexpr std::size_t kOddPlace = 5;

/// An element of one rank's gradient at one step that deviates from gradient_at().
struct OddElement {
  float value;
  int rank;
  int step;
};

class Simulation {
 public:
  explicit Simulation(const ErrorFeedback& feedback, std::optional<OddElement> odd = std::nullopt)
      : feedback_(feedback), states_(kRanks), odd_(odd) {
    for (FeedbackState& state : states_) feedback_.reset(state, kCount);
  }

  Step run(int step) {
    Step report;
    for (int rank = 0; rank < kRanks; ++rank) compress(rank, step, report);
    for (FeedbackState& state : states_) {
      Vector& result = report.results.emplace_back(report.sent);
      feedback_.finish(state, result.data(), kCount, scalar_kernels);
      add(report.residuals_after, state.residual);
    }
    return report;
  }

  const FeedbackState& state(int rank) const { return states_[static_cast<std::size_t>(rank)]; }

 private:
  void compress(int rank, int step, Step& report) {
    FeedbackState& state = states_[static_cast<std::size_t>(rank)];
    Vector gradient = gradient_of(rank, step);
    if (odd_ && odd_->rank == rank && odd_->step == step) gradient[kOddPlace] = odd_->value;
    add(report.gradients, gradient);
    add(report.residuals_before, state.residual);
    state.outstanding = true;  // as one who leaves something behind says
    const FeedbackResult fed = feedback_.begin(state, gradient.data(), kCount, scalar_kernels);
    SelectWorkspace workspace;
    const double norm = fed.pending == nullptr ? fed.squared
                                               : scalar_kernels.accumulate(state.residual.data(), fed.pending,
                                                                           kCount, workspace);
    EXPECT_EQ(test::bits(norm), test::bits(scalar_kernels.squared_norm(state.residual.data(), kCount)));
    const std::vector<std::uint32_t> indices = test::topk_oracle(state.residual, kKept);
    Vector values(kKept);
    scalar_kernels.take(state.residual.data(), indices.data(), kKept, values.data());
    scalar_kernels.scatter_add(report.sent.data(), indices.data(), values.data(), kKept);
  }

  const ErrorFeedback& feedback_;
  std::vector<FeedbackState> states_;
  std::optional<OddElement> odd_;
};

bool all_finite(const Vector& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

class EveryFeedback : public testing::TestWithParam<const ErrorFeedback*> {};

TEST_P(EveryFeedback, StartsAtZeroAndGivesAllRanksTheSame) {
  Simulation simulation(*GetParam());
  EXPECT_EQ(simulation.state(0).residual, Vector(kCount));
  for (int step = 0; step < kSteps; ++step) {
    const Step report = simulation.run(step);
    for (const Vector& result : report.results)
      EXPECT_EQ(test::first_difference(result, report.results[0]), -1) << "step " << step;
  }
}

TEST_P(EveryFeedback, WhatIsNotFiniteLeavesWithTheStepThatSendsIt) {
  using Limits = std::numeric_limits<float>;
  constexpr int kOddStep = 2;
  for (const float odd : {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN()}) {
    SCOPED_TRACE(odd);
    Simulation simulation(*GetParam(), OddElement{odd, 1, kOddStep});
    for (int step = 0; step < 2 * kSteps; ++step) {
      const Step report = simulation.run(step);
      for (std::size_t i = 0; i < kCount; ++i)
        EXPECT_EQ(std::isfinite(report.results[0][i]), step != kOddStep || i != kOddPlace)
            << "step " << step << " element " << i;
      for (int rank = 0; rank < kRanks; ++rank) {
        EXPECT_TRUE(all_finite(simulation.state(rank).residual)) << "step " << step;
        EXPECT_TRUE(all_finite(simulation.state(rank).estimate)) << "step " << step;
        EXPECT_TRUE(all_finite(simulation.state(rank).total)) << "step " << step;
      }
    }
  }
}

TEST_P(EveryFeedback, ResetForgets) {
  FeedbackState state;
  GetParam()->reset(state, kCount);
  const Vector gradient = gradient_of(0, 0);
  GetParam()->begin(state, gradient.data(), kCount, scalar_kernels);
  GetParam()->reset(state, 3);
  EXPECT_EQ(state.residual, Vector(3));
  EXPECT_TRUE(state.estimate.empty() || state.estimate == Vector(3));
  EXPECT_TRUE(state.total.empty() || state.total == Vector(3));
}

TEST_P(EveryFeedback, IsFoundByName) {
  EXPECT_EQ(&find_error_feedback(GetParam()->name), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Compress, EveryFeedback,
                         testing::ValuesIn(error_feedbacks().begin(), error_feedbacks().end()),
                         [](const auto& info) { return std::string(info.param->name); });

TEST(ErrorFeedback, RefusesOtherNames) {
  const std::string text = test::error_text(ErrorClass::info_value, [] { find_error_feedback("ef20"); });
  EXPECT_TRUE(text.starts_with("pliant_error_feedback = ef20 (")) << text;
  for (const ErrorFeedback* feedback : error_feedbacks())
    EXPECT_NE(text.find(feedback->name), std::string::npos) << text;
}

TEST(Ef14, WhatIsNotSentNowIsSentLater) {
  Simulation simulation(find_error_feedback("ef14"));
  Vector gradients(kCount);
  Vector results(kCount);
  Step report;
  for (int step = 0; step < kSteps; ++step) {
    report = simulation.run(step);
    Vector before = report.gradients;
    add(before, report.residuals_before);
    Vector after = report.results[0];
    add(after, report.residuals_after);
    EXPECT_EQ(before, after) << "step " << step;
    add(gradients, report.gradients);
    add(results, report.results[0]);
  }
  add(results, report.residuals_after);
  EXPECT_EQ(results, gradients) << "all steps together";
}

TEST(Ef21, ResultIsTheSumOfTheEstimates) {
  Simulation simulation(find_error_feedback("ef21"));
  Vector changes(kCount);
  for (int step = 0; step < kSteps; ++step) {
    const Step report = simulation.run(step);
    Vector estimates(kCount);
    for (int rank = 0; rank < kRanks; ++rank) {
      const FeedbackState& state = simulation.state(rank);
      add(estimates, state.estimate);
      Vector gradient = state.estimate;
      add(gradient, state.residual);
      EXPECT_EQ(gradient, gradient_of(rank, step)) << "estimate + residual, rank " << rank;
      EXPECT_EQ(state.total, report.results[0]) << "rank " << rank;
    }
    EXPECT_EQ(report.results[0], estimates) << "step " << step;
    add(changes, report.sent);
    EXPECT_EQ(report.results[0], changes) << "step " << step;
  }
}

TEST(Ef21, ReachesAGradientThatStandsStill) {
  Simulation simulation(find_error_feedback("ef21"));
  Step report;
  for (std::int64_t sent = 0; sent < kCount; sent += kKept) report = simulation.run(0);
  EXPECT_EQ(report.results[0], report.gradients);
  EXPECT_EQ(report.residuals_after, Vector(kCount));
}

TEST(Ef21, BeginsAnewWhereTheResultIsNotFinite) {
  constexpr int kOddStep = 2;
  Simulation simulation(find_error_feedback("ef21"),
                        OddElement{std::numeric_limits<float>::infinity(), 1, kOddStep});
  for (int step = 0; step <= kOddStep; ++step) simulation.run(step);
  // Once nothing is outstanding, the sum of the gradients is reached again, also at the odd place.
  Step report;
  for (std::int64_t sent = 0; sent < 2 * kCount; sent += kKept) report = simulation.run(kOddStep + 1);
  EXPECT_EQ(report.results[0], report.gradients);
  EXPECT_EQ(report.residuals_after, Vector(kCount));
}

TEST(Ef21, WhatIsNotFiniteAndNotSentIsForgottenWithItsGradient) {
  const ErrorFeedback& ef21 = find_error_feedback("ef21");
  FeedbackState state;
  ef21.reset(state, 2);
  Vector sum = {3, 0};
  const Vector first = {3, 5};
  ef21.begin(state, first.data(), 2, scalar_kernels);
  state.residual[0] = 0;  // sent
  EXPECT_EQ(ef21.finish(state, sum.data(), 2, scalar_kernels), 0);
  const Vector odd = {-std::numeric_limits<float>::infinity(), 5};
  ef21.begin(state, odd.data(), 2, scalar_kernels);
  sum = {0, 5};
  state.residual[1] = 0;
  EXPECT_EQ(ef21.finish(state, sum.data(), 2, scalar_kernels), 0);
  EXPECT_EQ(sum, (Vector{3, 5}));
  EXPECT_EQ(state.estimate, (Vector{3, 5}));
  const Vector next = {4, 6};
  ef21.begin(state, next.data(), 2, scalar_kernels);
  EXPECT_EQ(state.residual, (Vector{1, 1}));
}

TEST(Ef21, AFlushThatIsNotFiniteBeginsAnewToo) {
  const ErrorFeedback& ef21 = find_error_feedback("ef21");
  FeedbackState state;
  ef21.reset(state, 2);
  const Vector odd = {std::numeric_limits<float>::quiet_NaN(), 5};
  ef21.begin(state, odd.data(), 2, scalar_kernels);
  Vector sum = {0, 0};
  ef21.finish(state, sum.data(), 2, scalar_kernels);
  const Vector all = state.residual;
  ef21.settle(state, all.data(), 2, scalar_kernels);
  EXPECT_EQ(state.estimate, (Vector{0, 5}));
  EXPECT_EQ(state.total, (Vector{0, 5}));
  EXPECT_EQ(state.residual, Vector(2));
}

TEST(NoFeedback, ForgetsWhatIsNotSent) {
  Simulation simulation(find_error_feedback("none"));
  for (int step = 0; step < kSteps; ++step) {
    const Step report = simulation.run(step);
    EXPECT_EQ(report.residuals_before, Vector(kCount));
    EXPECT_EQ(report.residuals_after, Vector(kCount));
    EXPECT_EQ(report.results[0], report.sent);
    EXPECT_NE(report.sent, report.gradients) << "something must have been left out";
  }
}

}  // namespace
}  // namespace pliant

#include "planner/density/margin.hpp"

#include <algorithm>
#include <cmath>

namespace pliant {
namespace {

constexpr double kQuantile = 1.75;      // standard deviations: 96 % of a normal distribution lie below
constexpr int kMemory = 40;             // operations over which the estimate averages, approximately
constexpr double kFirstSpread = 0.08;   // before the first operation: kFirst = exp(kQuantile x kFirstSpread)
constexpr int kFirstSeen = 4;           // weight of the initial spread, in operations
constexpr double kLeastSpread = 0.005;  // lower bound: clocks and cores are no steadier
constexpr double kFarthest = 50;        // largest accepted |log(measured / predicted)| of a saved state
constexpr double kEdge = 3;             // standard deviations at which a ratio is clamped

}  // namespace

void BudgetMargin::add(double measured_s, double predicted_s) {
  if (!(measured_s > 0) || !(predicted_s > 0) || !std::isfinite(measured_s) || !std::isfinite(predicted_s))
    return;
  if (state_.seen == 0) {
    state_.variance = kFirstSpread * kFirstSpread;
    state_.seen = kFirstSeen;
  }
  state_.seen = std::min(state_.seen + 1, kMemory);
  const double edge = kEdge * std::max(std::sqrt(state_.variance), kLeastSpread);
  const double off = std::clamp(std::log(measured_s / predicted_s) - state_.mean, -edge, edge);
  const double share = 1.0 / state_.seen;
  state_.mean += share * off;
  state_.variance = (1 - share) * (state_.variance + share * off * off);
}

double BudgetMargin::factor() const {
  if (state_.seen == 0) return kFirst;
  const double spread = std::max(std::sqrt(state_.variance), kLeastSpread);
  return std::clamp(std::exp(state_.mean + kQuantile * spread), 1 / kMost, kMost);
}

bool BudgetMargin::restore(const State& state) {
  const bool possible = std::abs(state.mean) <= kFarthest && state.variance >= 0 &&
                        state.variance <= kFarthest * kFarthest && state.seen >= 0 && state.seen <= kMemory;
  if (possible) state_ = state;
  return possible;
}

}  // namespace pliant

#include "policy/margin.hpp"

#include <algorithm>
#include <cmath>

namespace pliant {
namespace {

constexpr double kQuantile = 1.75;      // standard deviations: 96 % of a normal distribution lie below
constexpr int kMemory = 40;             // operations, about
constexpr double kFirstSpread = 0.08;   // before anything was seen: kFirst = exp(kQuantile x kFirstSpread)
constexpr int kFirstSeen = 4;           // that counts as so many operations
constexpr double kLeastSpread = 0.005;  // clocks and cores are no steadier
constexpr double kFarthest = 50;        // that log(measured / predicted) can be
constexpr double kEdge = 3;             // standard deviations within which a ratio counts as it is

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

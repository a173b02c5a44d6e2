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
constexpr double kEdge = 3;             // standard deviations within which a ratio counts as it is

}  // namespace

void BudgetMargin::add(double measured_s, double predicted_s) {
  if (!(measured_s > 0) || !(predicted_s > 0) || !std::isfinite(measured_s) || !std::isfinite(predicted_s))
    return;
  if (seen_ == 0) {
    variance_ = kFirstSpread * kFirstSpread;
    seen_ = kFirstSeen;
  }
  seen_ = std::min(seen_ + 1, kMemory);
  const double edge = kEdge * std::max(std::sqrt(variance_), kLeastSpread);
  const double off = std::clamp(std::log(measured_s / predicted_s) - mean_, -edge, edge);
  const double share = 1.0 / seen_;
  mean_ += share * off;
  variance_ = (1 - share) * (variance_ + share * off * off);
}

double BudgetMargin::factor() const {
  if (seen_ == 0) return kFirst;
  const double spread = std::max(std::sqrt(variance_), kLeastSpread);
  return std::clamp(std::exp(mean_ + kQuantile * spread), 1 / kMost, kMost);
}

}  // namespace pliant

#include "planner/learning/drift.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace pliant {
namespace {

/// Factors on alpha and beta.
struct Hypothesis {
  double alpha;
  double beta;
};

constexpr std::array<Hypothesis, 6> kHypotheses = {{{1, 2}, {2, 1}, {2, 2}, {1, 0.5}, {0.5, 1}, {0.5, 0.5}}};

/// Share of the threshold from which a hypothesis is credible, too, when another has reached the threshold.
/// If all calls have one length, they cannot be told apart.
constexpr double kCredible = 0.7;
constexpr double kMostStep = DriftDetector::kThreshold / DriftDetector::kLeastCalls;

}  // namespace

std::optional<NetworkChange> DriftDetector::observe(const Innovation& innovation) {
  if (innovation.verdict == Verdict::refused) return std::nullopt;
  static_assert(kHypotheses.size() == std::tuple_size_v<decltype(sums_)>);
  for (std::size_t i = 0; i < kHypotheses.size(); ++i) {
    const Hypothesis& changed = kHypotheses[i];
    const double mean = std::log(1 + innovation.alpha_share * (changed.alpha - 1) +
                                 innovation.beta_share * (changed.beta - 1));
    const double ratio = (innovation.log_ratio * mean - mean * mean / 2) / innovation.variance;
    sums_[i] = std::max(0.0, sums_[i] + std::clamp(ratio, -kMostStep, kMostStep));
  }
  if (level() < 1) return std::nullopt;
  NetworkChange change;
  double highest = 0;
  for (std::size_t i = 0; i < kHypotheses.size(); ++i) {
    if (sums_[i] < kCredible * kThreshold) continue;
    change.alpha |= kHypotheses[i].alpha != 1;
    change.beta |= kHypotheses[i].beta != 1;
    if (sums_[i] > highest) change.slower = kHypotheses[i].alpha + kHypotheses[i].beta > 2;
    highest = std::max(highest, sums_[i]);
  }
  restart();
  return change;
}

double DriftDetector::level() const {
  return *std::max_element(sums_.begin(), sums_.end()) / kThreshold;
}

}  // namespace pliant

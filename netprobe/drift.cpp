#include "netprobe/drift.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace pliant {
namespace {

/// Alpha and beta times these.
struct Hypothesis {
  double alpha;
  double beta;
};

constexpr std::array<Hypothesis, 6> kHypotheses = {{{1, 2}, {2, 1}, {2, 2}, {1, 0.5}, {0.5, 1}, {0.5, 0.5}}};

/// Of the threshold, what makes a hypothesis one to reckon with when another has reached it: where all calls
/// are of one length, none can be told from the others.
constexpr double kCredible = 0.7;
constexpr double kMostStep = DriftDetector::kThreshold / DriftDetector::kLeastCalls;

}  // namespace

std::optional<Alarm> DriftDetector::observe(const Innovation& innovation) {
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
  Alarm alarm;
  double highest = 0;
  for (std::size_t i = 0; i < kHypotheses.size(); ++i) {
    if (sums_[i] < kCredible * kThreshold) continue;
    alarm.alpha |= kHypotheses[i].alpha != 1;
    alarm.beta |= kHypotheses[i].beta != 1;
    if (sums_[i] > highest) alarm.slower = kHypotheses[i].alpha + kHypotheses[i].beta > 2;
    highest = std::max(highest, sums_[i]);
  }
  restart();
  return alarm;
}

double DriftDetector::level() const {
  return *std::max_element(sums_.begin(), sums_.end()) / kThreshold;
}

}  // namespace pliant

// Change detection: has the network changed? Every innovation is tested. Pure: no messages, no clock.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "planner/learning/estimator.hpp"

namespace pliant {

/// The change that was detected.
struct NetworkChange {
  bool alpha = false;
  bool beta = false;
  bool slower = false;  ///< false: faster
};

/// Page's cumulative sums of log likelihood ratios (Page, Biometrika 41, 1954). There is one sum for each way
/// in which a link may have changed: alpha, beta or both, twice or half. A call counts for each sum as far as
/// it would have seen that change: a call that is all latency says nothing about beta.
///
/// A sum grows by at most kThreshold / kLeastCalls a call. So fewer calls detect no change: a single call
/// that hung is an outlier.
class DriftDetector {
 public:
  /// A sum of likelihood ratios reaches h falsely no more often than every e^h calls (Lorden, Annals of
  /// Mathematical Statistics 42, 1971). With six clipped sums, drift_test simulates less than one false
  /// detection in 10,000 calls.
  static constexpr double kThreshold = 8;
  static constexpr int kLeastCalls = 2;

  /// Returns the detected change, if any, and then restarts all sums.
  std::optional<NetworkChange> observe(const Innovation& innovation);
  void restart() { sums_ = {}; }
  /// How near a detection is: 0 to 1.
  double level() const;

 private:
  std::array<double, 6> sums_{};
};

}  // namespace pliant

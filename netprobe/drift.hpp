// Has the network changed? Asked of every innovation. Pure: no messages, no clock.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "netprobe/estimator.hpp"

namespace pliant {

/// What is thought to have changed.
struct Alarm {
  bool alpha = false;
  bool beta = false;
  bool slower = false;  ///< or faster
};

/// Page's cumulative sums of log likelihood ratios (Page, Biometrika 41, 1954), one for each way in which a
/// link may have become another: alpha, beta or both, twice or half. A call counts for each as much as it
/// would have seen of it: one that is all latency says nothing of beta.
///
/// A sum grows by at most kThreshold / kLeastCalls a call, so that fewer calls raise no alarm: one that hung
/// is an outlier.
class DriftDetector {
 public:
  /// Sums of likelihood ratios reach h falsely no more often than every e^h calls (Lorden, Annals of
  /// Mathematical Statistics 42, 1971); six of them, 10,000 calls, and clipping as simulated in drift_test.
  static constexpr double kThreshold = 8;
  static constexpr int kLeastCalls = 2;

  /// An alarm ends what was summed up.
  std::optional<Alarm> observe(const Innovation& innovation);
  void restart() { sums_ = {}; }
  /// How near an alarm is: 0 to 1.
  double level() const;

 private:
  std::array<double, 6> sums_{};
};

}  // namespace pliant

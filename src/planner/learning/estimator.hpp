// Latency and bandwidth, estimated in use: every collective tells how long A messages and B bytes took. Pure:
// no messages, no clock.
#pragma once

#include <array>
#include <cstddef>

#include "core/link_model.hpp"

namespace pliant {

/// Messages and bytes of a collective on its slowest path. Near the estimate, its formula is messages *
/// alpha_s + bytes * beta_s_per_byte + fixed_s.
struct Exchange {
  double messages = 0;  ///< d cost / d alpha
  double bytes = 0;     ///< [byte] d cost / d beta
  double fixed_s = 0;   ///< [s] depends on neither: computing, gaps
};

struct Observation {
  Exchange exchange;
  double time_s = 0;  ///< [s] that it took
  double doubt = 0;   ///< variance of log(time) from errors of the formula itself
};

enum class Verdict {
  taken,
  outlier,  ///< left out: further than kGate standard deviations from a fairly certain prediction
  refused,  ///< no usable time or exchange: a clock that went back, a formula that gives nothing
};

/// How an observation compares with what was expected before it.
struct Innovation {
  Verdict verdict = Verdict::refused;
  double log_ratio = 0;    ///< log(measured / expected)
  double variance = 1;     ///< of log_ratio, expected: estimate, doubt and noise
  double alpha_share = 0;  ///< share of messages * alpha in the expected time
  double beta_share = 0;   ///< share of bytes * beta
};

/// A Kalman filter of alpha and beta (Kalman, J. Basic Engineering 82, 1960). Its noise is relative to the
/// time, and is estimated along with them. Both walk at random, in proportion to their values, so that old
/// observations count less. A change too large for the walk is found by a fit through the last few
/// observations.
///
/// The time of a call that is mostly transfer says little about alpha, and the errors of its formula would pass for
/// latency. So alpha is anchored: only times that are mostly latency, such as those of short probe messages, move it
/// further than kHeld from where the last of them left it.
class LinkEstimator {
 public:
  /// [standard deviations] An observation further off is an outlier.
  static constexpr double kGate = 4;
  /// Relative standard error up to which a number is known well enough.
  static constexpr double kSeparated = 0.3;
  /// Share of latency in a time that is mostly latency.
  static constexpr double kMostlyLatency = 0.7;
  /// Factor by which other times may move alpha.
  static constexpr double kHeld = 1.4;

  /// Begins anew at `link`, whose numbers are known up to these relative standard errors. A number that is at
  /// its bound or beyond, or not finite, counts as unknown. It keeps its estimate, or else becomes
  /// kNominalLink's.
  void reset(const LinkModel& link, double alpha_error, double beta_error);

  Innovation observe(const Observation& observation);

  /// Call after a change of alpha, of beta, or perhaps of either: switches to the link that explains the last
  /// observations. If it may be either, that is changed which makes up most of their time: the predictions for such calls
  /// are then right, whichever it was. What may have changed counts as uncertain.
  void doubt(bool alpha, bool beta);

  double alpha_s() const;
  double beta_s_per_byte() const;
  double expect_s(const Exchange& exchange) const;
  /// Relative standard errors of alpha and of beta.
  double alpha_error() const;
  double beta_error() const;
  /// Relative standard deviation of a single time.
  double noise() const;
  /// Variance of log(expect_s(exchange)), from the errors of alpha and beta.
  double variance_of(const Exchange& exchange) const;
  /// Variance of log(expect_s(one) / expect_s(other)). Errors that both share cancel out.
  double variance_between(const Exchange& one, const Exchange& other) const;
  /// True if both are known well enough to predict other lengths than those seen. If all calls have one ratio
  /// A : B, knowledge of the other direction fades; a message of another length restores it.
  bool separated() const;

  /// The estimate as a state file keeps it.
  struct State {
    std::array<double, 2> value{};       ///< alpha [s], beta [s/byte]
    std::array<double, 3> covariance{};  ///< alpha alpha, alpha beta, beta beta
    double noise_variance = 0;           ///< of log(time)
    double observations = 0;
    friend bool operator==(const State&, const State&) = default;
  };
  const State& state() const { return state_; }
  /// Returns false and changes nothing if state() cannot have given `state`.
  bool restore(const State& state);
  /// Adds uncertainty after a pause: alpha and beta may each have moved by `error` (relative standard error).
  void unsettle(double error);

 private:
  struct Fit;
  struct Recent {
    static constexpr std::size_t kMost = 16;
    std::array<Observation, kMost> list{};
    std::array<double, kMost> noise{};  ///< noise variance before each
    std::size_t seen = 0;
    std::size_t used() const { return seen < kMost ? seen : kMost; }
  };

  Fit fit_of(const Exchange& exchange) const;
  void update(const Fit& fit, double innovation_s, double noise_variance_s2);
  void learn_noise(double ratio, double share);
  void age();
  void refit();
  double held(double alpha_s) const;
  void solve(std::size_t unknown);
  static double off(const Recent& recent, const std::array<double, 2>& value, std::size_t left_out);

  State state_{};
  Recent recent_;        ///< since the last reset or doubt
  double anchor_s_ = 0;  ///< alpha by the last time that was mostly latency; 0: there was none
};

}  // namespace pliant

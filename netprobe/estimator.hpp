// Latency and bandwidth, estimated while they are used: every collective tells how long A messages and B
// bytes took. Pure: no messages, no clock.
#pragma once

#include <array>
#include <cstddef>

#include "core/link_model.hpp"

namespace pliant {

/// What a collective asks of the network on its slowest path. Its formula, near the estimate, is
/// messages * alpha_s + bytes * beta_s_per_byte + fixed_s.
struct Exchange {
  double messages = 0;  ///< d cost / d alpha
  double bytes = 0;     ///< [byte] d cost / d beta
  double fixed_s = 0;   ///< [s] what neither changes: computing, gaps
};

struct Observation {
  Exchange exchange;
  double time_s = 0;  ///< [s] that it took
  double doubt = 0;   ///< variance of log(time), what the formula itself may be wrong by
};

enum class Verdict {
  taken,
  outlier,  ///< further than kGate standard deviations from what was expected with some certainty: left out
  refused,  ///< no time or no exchange at all: a clock that went back, a formula that gives nothing
};

/// How an observation compares with what was expected before it.
struct Innovation {
  Verdict verdict = Verdict::refused;
  double log_ratio = 0;    ///< log(measured / expected)
  double variance = 1;     ///< of log_ratio, expected: estimate, doubt and noise
  double alpha_share = 0;  ///< of the time expected, what is messages * alpha
  double beta_share = 0;   ///< bytes * beta
};

/// A Kalman filter of alpha and beta (Kalman, J. Basic Engineering 82, 1960), whose noise is relative to the
/// time and is estimated beside them. Both walk at random, in proportion to what they are, so that what is
/// old counts less. A change too large to be walked to is found by a fit through the last few observations.
class LinkEstimator {
 public:
  /// Further off, an observation is an outlier.
  static constexpr double kGate = 4;
  /// Relative standard error up to which a number is known well enough.
  static constexpr double kSeparated = 0.3;

  /// Begins anew at `link`, whose numbers are known up to these relative standard errors. Of a number that is
  /// none (at its bound or beyond, not finite) nothing is known: it stays as it was, or is kNominalLink's.
  void reset(const LinkModel& link, double alpha_error, double beta_error);

  Innovation observe(const Observation& observation);

  /// Something has changed: forget what is known of alpha, of beta, or of both.
  void doubt(bool alpha, bool beta);

  double alpha_s() const;
  double beta_s_per_byte() const;
  double expect_s(const Exchange& exchange) const;
  /// Relative standard errors of what is known.
  double alpha_error() const;
  double beta_error() const;
  /// Relative standard deviation of a lone time.
  double noise() const;
  /// Variance of log(expect_s(exchange)), from what is not known of alpha and beta.
  double variance_of(const Exchange& exchange) const;
  /// Variance of log(expect_s(one) / expect_s(other)): what both depend on alike does not matter.
  double variance_between(const Exchange& one, const Exchange& other) const;
  /// Are both known well enough for other lengths than those seen? Where all calls are of one A : B, what has
  /// been seen says less and less about the other direction; a message of another length would tell.
  bool separated() const;

  /// What a state file keeps.
  struct State {
    std::array<double, 2> value{};       ///< alpha [s], beta [s/byte]
    std::array<double, 3> covariance{};  ///< alpha alpha, alpha beta, beta beta
    double noise_variance = 0;           ///< of log(time)
    double observations = 0;
    friend bool operator==(const State&, const State&) = default;
  };
  const State& state() const { return state_; }
  /// False, and nothing done, unless it is one that state() can give.
  bool restore(const State& state);
  /// Nobody has looked for a while: alpha and beta may each have moved by so much of themselves (standard
  /// error).
  void unsettle(double error);

 private:
  struct Fit;
  struct Recent {
    static constexpr std::size_t kMost = 16;
    std::array<Observation, kMost> list{};
    std::size_t seen = 0;
    std::size_t used() const { return seen < kMost ? seen : kMost; }
  };

  Fit fit_of(const Exchange& exchange) const;
  void update(const Fit& fit, double innovation_s, double noise_variance_s2);
  void learn_noise(double ratio, double share);
  void age();
  void refit();
  static double off(const Recent& recent, const std::array<double, 2>& value, std::size_t left_out);

  State state_{};
  Recent recent_;  ///< since the last reset or doubt
};

}  // namespace pliant

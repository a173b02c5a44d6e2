// Ping-pong times by message size, and straight lines through them. Pure: no messages, no clock.
#pragma once

#include <span>
#include <vector>

namespace pliant {

inline constexpr double kTick_s = 1e-9;  ///< no clock here tells less, no link is faster
/// [s/byte] Inverse bandwidth below which no link is: 8 Pbit/s.
inline constexpr double kLeastBeta_s_per_byte = 1e-15;
/// 95 % efficiency on normal errors: Huber, Robust Statistics, 1981.
inline constexpr double kHuber = 1.345;

/// One ping-pong.
struct PingSample {
  double bytes = 0;      ///< [byte] >= 0
  double one_way_s = 0;  ///< [s] half the round trip
};

/// All times of one message size, ascending.
struct SizeGroup {
  double bytes = 0;
  std::vector<double> times_s;
};

/// By size, ascending. What is not finite is left out; times are at least kTick_s.
std::vector<SizeGroup> groups_of(std::span<const PingSample> samples);

/// What one size tells a fit.
struct SizePoint {
  double bytes = 0;
  double time_s = 0;  ///< median, or another quantile
  double count = 0;   ///< of times behind it
};

struct Line {
  double alpha_s = 0;
  double beta_s_per_byte = 0;

  double at(double bytes) const { return alpha_s + bytes * beta_s_per_byte; }
};

/// False for a fit that ended at a bound of what a link can be: latency of one clock tick, or no time per
/// byte. Such times were disturbed, or too few. Their line is a bound and no measurement.
bool is_measured(const Line& line);

/// Weighted sums of points, about their centre.
struct Moments {
  double weight = 0, bytes = 0, time_s = 0;  ///< sum of weights; means
  double bytes_bytes = 0, bytes_time = 0;    ///< sums of products of deviations
};

/// points, weights: as many, one or more; weights > 0.
Moments moments_of(std::span<const SizePoint> points, std::span<const double> weights);

/// The line of least weighted squares among those with alpha >= 1 ns and beta >= 0. One size alone: all
/// alpha.
Line least_squares(const Moments& sums);

/// Of a residual, where `scale` is what residuals usually are: 1 up to kHuber scales, less beyond.
double huber_weight(double residual, double scale);

}  // namespace pliant

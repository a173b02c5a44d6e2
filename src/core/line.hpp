// Ping-pong times by message size, and straight lines through them. Pure: no messages, no clock.
#pragma once

#include <span>
#include <vector>

namespace pliant {

inline constexpr double kTick_s = 1e-9;  ///< clock resolution; no link is faster
/// [s/byte] Least inverse bandwidth of any link: 8 Pbit/s.
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

/// Times grouped by size, ascending. Samples that are not finite are left out; times are at least kTick_s.
std::vector<SizeGroup> groups_of(std::span<const PingSample> samples);

/// One size as a fit sees it.
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
/// byte. Its times were disturbed, or too few, and the line is no measurement.
bool is_measured(const Line& line);

/// Weighted sums of points, about their centre.
struct Moments {
  double weight = 0, bytes = 0, time_s = 0;  ///< sum of weights; means
  double bytes_bytes = 0, bytes_time = 0;    ///< sums of products of deviations
};

/// points, weights: the same number of each, at least one; weights > 0.
Moments moments_of(std::span<const SizePoint> points, std::span<const double> weights);

/// The line of least weighted squares among those with alpha >= 1 ns and beta >= 0. With one size alone, all
/// time is alpha.
Line least_squares(const Moments& sums);

/// Huber's weight of a residual, where `scale` is the usual one: 1 up to kHuber scales, less beyond.
double huber_weight(double residual, double scale);

}  // namespace pliant

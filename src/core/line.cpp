#include "core/line.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace pliant {

std::vector<SizeGroup> groups_of(std::span<const PingSample> samples) {
  std::vector<PingSample> sorted;
  for (const PingSample& sample : samples)
    if (std::isfinite(sample.bytes) && std::isfinite(sample.one_way_s)) sorted.push_back(sample);
  std::sort(sorted.begin(), sorted.end(), [](const PingSample& a, const PingSample& b) {
    return a.bytes != b.bytes ? a.bytes < b.bytes : a.one_way_s < b.one_way_s;
  });
  std::vector<SizeGroup> groups;
  for (const PingSample& sample : sorted) {
    if (groups.empty() || groups.back().bytes != sample.bytes) groups.push_back({sample.bytes, {}});
    groups.back().times_s.push_back(std::max(sample.one_way_s, kTick_s));
  }
  return groups;
}

bool is_measured(const Line& line) {
  return line.alpha_s > kTick_s && line.beta_s_per_byte > kLeastBeta_s_per_byte;
}

Moments moments_of(std::span<const SizePoint> points, std::span<const double> weights) {
  Moments sums;
  for (std::size_t i = 0; i < points.size(); ++i) {
    sums.weight += weights[i];
    sums.bytes += weights[i] * points[i].bytes;
    sums.time_s += weights[i] * points[i].time_s;
  }
  sums.bytes /= sums.weight;
  sums.time_s /= sums.weight;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double bytes = points[i].bytes - sums.bytes;
    sums.bytes_bytes += weights[i] * bytes * bytes;
    sums.bytes_time += weights[i] * bytes * (points[i].time_s - sums.time_s);
  }
  return sums;
}

Line least_squares(const Moments& sums) {
  if (sums.bytes_bytes <= 0) return {std::max(kTick_s, sums.time_s), 0};
  const double slope = sums.bytes_time / sums.bytes_bytes;
  if (slope <= 0) return {sums.time_s, 0};
  const double intercept_s = sums.time_s - slope * sums.bytes;
  if (intercept_s >= kTick_s) return {intercept_s, slope};
  const double square = sums.bytes_bytes + sums.weight * sums.bytes * sums.bytes;
  const double product = sums.bytes_time + sums.weight * sums.bytes * (sums.time_s - kTick_s);
  return {kTick_s, std::max(0.0, product / square)};
}

double huber_weight(double residual, double scale) {
  return std::min(1.0, kHuber * scale / std::max(std::abs(residual), 1e-9 * scale));
}

}  // namespace pliant

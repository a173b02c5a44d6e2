#include "core/stats.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace pliant {

double quantile(std::vector<double> sample, double q) {
  if (sample.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(sample.begin(), sample.end());
  const double position = q * static_cast<double>(sample.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sample.size() - 1);
  const double weight = position - static_cast<double>(below);
  return sample[below] + weight * (sample[above] - sample[below]);
}

double median(std::vector<double> sample) {
  return quantile(std::move(sample), 0.5);
}

}  // namespace pliant

#include "apps/bench/result.hpp"

#include <algorithm>
#include <cmath>

namespace pliant::bench {

Times summarise(std::vector<double> iterations_us) {
  std::sort(iterations_us.begin(), iterations_us.end());
  const std::size_t n = iterations_us.size();
  const auto p95 = static_cast<std::size_t>(std::ceil(0.95 * static_cast<double>(n))) - 1;
  return {.median_us = (iterations_us[(n - 1) / 2] + iterations_us[n / 2]) / 2,
          .p95_us = iterations_us[p95],
          .min_us = iterations_us.front(),
          .max_us = iterations_us.back()};
}

std::optional<double> Overlap::hidden() const {
  const double shorter_us = std::min(comm_us, compute_us);
  if (shorter_us <= 0) return std::nullopt;
  return (comm_us + compute_us - both_us) / shorter_us;
}

std::optional<double> Result::predicted_over_measured() const {
  if (!predicted_us || time.median_us <= 0) return std::nullopt;
  return *predicted_us / time.median_us;
}

Summary summarise(std::span<const Result> results) {
  Summary summary;
  for (const Result& result : results) {
    summary.out_of_bounds += result.wrong.value_or(0);
    summary.average_busbw_gbs += result.busbw_gbs / static_cast<double>(results.size());
  }
  return summary;
}

}  // namespace pliant::bench

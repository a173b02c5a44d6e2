// budget: Kimad on collectives. The largest k whose communication and compression are predicted to fit
//   t_budget - t_compute,
// over all algorithms; everything, where an exact algorithm fits. Kimad's own form, c = B (t - t_compute) /
// 2, knows neither latency nor the number of ranks nor compression time; here the cost formulas are inverted
// instead. Source: Xin et al., "Kimad: Adaptive Gradient Compression with Bandwidth Awareness", arXiv
// 2312.08053, section 3.1.
#include <algorithm>

#include "compress/topk.hpp"
#include "policy/policy.hpp"

namespace pliant {
namespace {

/// A kept in [least, count] for which the algorithm is predicted to take at most `available_s`, found by
/// bisection; 0 if even `least` takes longer. Costs rise with k but for the steps of index codecs, so it is
/// the largest, or within a step of it.
std::int64_t largest_fitting(const AllreduceAlgorithm& algorithm, const PolicyInput& input,
                             std::int64_t least, double available_s) {
  const auto fits = [&](std::int64_t kept) {
    AllreduceShape shape = input.shape;
    shape.kept = kept;
    return algorithm.cost_s(shape, input.model) <= available_s;
  };
  if (!fits(least)) return 0;
  std::int64_t low = least;
  std::int64_t high = input.shape.count;
  while (low < high) {
    const std::int64_t middle = low + (high - low + 1) / 2;
    if (fits(middle)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

PolicyDecision decide(const PolicyInput& input) {
  const double available_s = input.settings.time_budget_s - input.compute_s;
  const std::int64_t least = kept_count(input.shape.count, kLeastDensity);
  PolicyDecision decision{.kept = least, .lossy = true, .feasible = false};
  for (const AllreduceAlgorithm* algorithm : algorithms()) {
    if (!input.filter.allows(*algorithm) || !algorithm->supports(input.shape)) continue;
    if (algorithm->exact) {
      if (algorithm->cost_s(input.shape, input.model) <= available_s)
        return {.kept = input.shape.count, .lossy = false, .feasible = true};
      continue;
    }
    const std::int64_t kept = largest_fitting(*algorithm, input, least, available_s);
    if (kept > 0) decision = {.kept = std::max(decision.kept, kept), .lossy = true, .feasible = true};
  }
  return decision;
}

}  // namespace

constinit const Policy budget_policy{
    .name = "budget",
    .summary = "Kimad: the largest density that fits pliant_time_budget_us minus compute time",
    .needs_compute_time = true,
    .decide = decide,
};

}  // namespace pliant

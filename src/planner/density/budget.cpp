// budget: Kimad on collectives. Chooses the largest k, over all algorithms, whose predicted communication and
// compression fit into
//   (t_budget - t_compute) / margin.
// Sends everything if an exact algorithm fits. margin allows for operations that take longer than predicted
// (planner/density/margin.hpp). Kimad's own form, c = B (t - t_compute) / 2, ignores latency, the number of ranks, and
// compression time. Here the cost formulas are inverted instead.
// Source: Xin et al., "Kimad: Adaptive Gradient Compression with Bandwidth Awareness", arXiv 2312.08053,
// section 3.1.
#include "planner/density/policy.hpp"

namespace pliant {
namespace {

PolicyDecision decide(const ChoiceInput& input) {
  const double available_s = (input.settings.time_budget_s - input.compute_s) / input.margin;
  if (exact_s(input) <= available_s) return {.kept = input.shape.count, .lossy = false};
  // Costs rise with k, except at the steps of index codecs. So the result is the largest k, or within such a
  // step of it.
  const std::int64_t least = least_kept(input);
  const std::int64_t kept = largest_where(least, input.shape.count,
                                          [&](std::int64_t k) { return lossy_s(input, k) <= available_s; });
  if (kept < least) return {.kept = least, .feasible = false};
  return {.kept = kept};
}

}  // namespace

constinit const Policy budget_policy{
    .name = "budget",
    .summary = "Kimad: the largest density that fits pliant_time_budget_us minus compute time",
    .adapts = true,
    .needs_compute_time = true,
    .needs_gain = false,
    .decide = decide,
};

}  // namespace pliant

// fixed: uses the user's density, so only the algorithm is chosen.
#include "compress/topk.hpp"
#include "planner/density/policy.hpp"

namespace pliant {
namespace {

PolicyDecision decide(const ChoiceInput& input) {
  return {.kept = kept_count(input.shape.count, input.settings.density),
          .by_user = true,
          .lossy = input.settings.density < 1};
}

}  // namespace

constinit const Policy fixed_policy{
    .name = "fixed",
    .summary = "pliant_density, always",
    .adapts = false,
    .needs_compute_time = false,
    .needs_gain = false,
    .decide = decide,
};

}  // namespace pliant

#include "planner/density/policy.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "compress/topk.hpp"
#include "core/error.hpp"
#include "planner/selector.hpp"

namespace pliant {
namespace {

constexpr std::array<const Policy*, 4> kPolicies = {&fixed_policy, &budget_policy, &pareto_policy,
                                                    &goodput_policy};

/// Rounds a finite number >= 0 up to 6 bits behind its leading one.
double rounded_up(double value) {
  constexpr std::uint64_t kBelow = (std::uint64_t{1} << 46) - 1;
  return std::bit_cast<double>((std::bit_cast<std::uint64_t>(value) + kBelow) & ~kBelow);
}

}  // namespace

std::span<const Policy* const> policies() {
  return kPolicies;
}

const Policy& find_policy(std::string_view name) {
  const auto found =
      std::find_if(kPolicies.begin(), kPolicies.end(), [&](const Policy* p) { return p->name == name; });
  if (found != kPolicies.end()) return **found;
  std::string names;
  for (const Policy* policy : kPolicies) names.append(names.empty() ? "" : ", ").append(policy->name);
  throw Error(ErrorClass::info_value, quoted("pliant_policy", name), "must be one of " + names, "Correct it");
}

PolicyDecision decide_kept(const Policy& policy, const ChoiceInput& input) {
  PolicyDecision decision = policy.decide(input);
  if (!policy.adapts || !decision.lossy || input.gain == nullptr || input.settings.min_gain <= 0)
    return decision;
  const std::int64_t floor = input.gain->least_kept(input.settings.min_gain);
  if (floor <= decision.kept) return decision;
  decision.floored = true;
  decision.by_user = false;
  decision.kept = floor;
  decision.lossy = floor < input.shape.count;
  decision.why_exact = "only everything reaches pliant_min_gain";
  return decision;
}

ChoiceInput coarsened(const ChoiceInput& input) {
  ChoiceInput coarse = input;
  coarse.compute_s = rounded_up(input.compute_s);
  coarse.margin = rounded_up(input.margin);
  return coarse;
}

std::int64_t least_kept(const ChoiceInput& input) {
  const bool contracts = input.settings.error_feedback == "ef21";
  return kept_count(input.shape.count, contracts ? kLeastContraction : kLeastDensity);
}

double lossy_s(const ChoiceInput& input, std::int64_t kept) {
  return cheapest_s(input, {.exact = false, .lossy = true, .kept = kept});
}

double exact_s(const ChoiceInput& input) {
  return cheapest_s(input, {});
}

}  // namespace pliant

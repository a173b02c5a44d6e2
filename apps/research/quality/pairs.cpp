#include "apps/research/quality/pairs.hpp"

#include <algorithm>
#include <string>

#include "planner/density/policy.hpp"
#include "planner/selector.hpp"

namespace pliant::quality {
namespace {

/// Typical results of calibration.
constexpr ComputeModel kCompute{.gamma_s_per_byte = 1e-10,
                                .select_s_per_element = 1e-9,
                                .apply_s_per_element = 5e-10,
                                .pair_s_per_element = 2e-9};

/// Exact algorithms and those of one family.
AlgorithmFilter only(SelectionRule rule) {
  std::string names;
  for (const AllreduceAlgorithm* algorithm : kAlgorithms)
    if (algorithm->exact || algorithm->rule == rule)
      names.append(names.empty() ? "" : ",").append(algorithm->name);
  return AlgorithmFilter(names);
}

}  // namespace

std::string_view name_of(std::optional<SelectionRule> rule) {
  return rule ? kSelectionRuleNames[static_cast<std::size_t>(*rule)] : kNoRule;
}

std::optional<SelectionRule> find_rule(std::string_view name) {
  const auto found = std::find(kSelectionRuleNames.begin(), kSelectionRuleNames.end(), name);
  if (found == kSelectionRuleNames.end()) return std::nullopt;
  return static_cast<SelectionRule>(found - kSelectionRuleNames.begin());
}

std::string rule_names() {
  std::string names(kNoRule);
  for (const std::string_view name : kSelectionRuleNames) names.append(", ").append(name);
  return names;
}

CostModel model_of(const Network& network) {
  return {.link = {.alpha_s = network.alpha_s, .beta_s_per_byte = network.beta_s_per_byte},
          .compute = kCompute};
}

std::vector<AllowedPair> allowed_pairs(const Network& network, std::int64_t count, double time_s) {
  const CostModel model = model_of(network);
  Settings settings;
  settings.error_feedback = "ef14";
  settings.time_budget_s = time_s;
  const AllreduceShape shape{{.ranks = network.ranks}, {.count = count}, {.index_codec = nullptr}};
  std::vector<AllowedPair> pairs;
  const auto add = [&](const AlgorithmFilter& filter, const std::optional<EquivalentDensity>& equivalent) {
    const ChoiceInput input{
        .settings = settings, .filter = filter, .shape = shape, .model = &model, .equivalent = equivalent};
    const PolicyDecision decision = budget_policy.decide(input);
    if (!decision.lossy || !decision.feasible) return;
    const Candidate best =
        rank_candidates(input, filter, {.exact = false, .lossy = true, .kept = decision.kept}).items[0];
    pairs.push_back({best.algorithm, best.kept, best.predicted_s, equivalent.has_value()});
  };
  for (const SelectionRule rule : {SelectionRule::own, SelectionRule::sum, SelectionRule::quota,
                                   SelectionRule::turn, SelectionRule::heaviest})
    add(only(rule), {});
  const EquivalentDensity equivalent = usual_equivalents(shape);
  add(AlgorithmFilter(), equivalent);
  return pairs;
}

}  // namespace pliant::quality

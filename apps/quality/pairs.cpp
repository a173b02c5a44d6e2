#include "apps/quality/pairs.hpp"

#include <algorithm>
#include <string>

#include "policy/policy.hpp"
#include "policy/quality.hpp"

namespace pliant::quality {
namespace {

/// As calibrating finds it.
constexpr ComputeModel kCompute{.gamma_s_per_byte = 1e-10,
                                .select_s_per_element = 1e-9,
                                .apply_s_per_element = 5e-10,
                                .pair_s_per_element = 2e-9};

}  // namespace

std::string_view name_of(Family family) {
  return kFamilyNames[static_cast<std::size_t>(family)];
}

std::optional<Family> find_family(std::string_view name) {
  const auto found = std::find(kFamilyNames.begin(), kFamilyNames.end(), name);
  if (found == kFamilyNames.end()) return std::nullopt;
  return static_cast<Family>(found - kFamilyNames.begin());
}

std::string family_names() {
  std::string names;
  for (const std::string_view name : kFamilyNames) names.append(names.empty() ? "" : ", ").append(name);
  return names;
}

CostModel model_of(const Network& network) {
  return {.link = {.alpha_s = network.alpha_s, .beta_s_per_byte = network.beta_s_per_byte},
          .compute = kCompute};
}

std::vector<AllowedPair> allowed_pairs(const Network& network, std::int64_t count, double time_s) {
  const CostModel model = model_of(network);
  const AlgorithmFilter filter;
  Settings settings;
  settings.error_feedback = "ef14";
  settings.time_budget_s = time_s;
  PolicyInput input{.settings = settings,
                    .shape = {.ranks = network.ranks, .count = count, .index_codec = nullptr},
                    .filter = filter,
                    .model = model};
  std::vector<AllowedPair> pairs;
  const auto add = [&](const PolicyDecision& decision) {
    if (!decision.lossy || !decision.feasible) return;
    SelectionRequest request{
        .shape = input.shape, .lossy = true, .exact = false, .only_family = input.only_family};
    request.shape.kept = decision.kept;
    if (input.worth != nullptr) {
      request.comparison = Comparison::by_quality;
      request.worth = *input.worth;
    }
    const Candidate best = rank_candidates(request, filter, model).items[0];
    pairs.push_back({best.algorithm, best.kept, best.predicted_s, input.worth != nullptr});
  };
  for (const Family family : {Family::own, Family::sum, Family::quota, Family::turn, Family::heaviest}) {
    input.only_family = family;
    add(budget_policy.decide(input));
  }
  const Worth worth = usual_worth(input.shape);
  input.worth = &worth;
  input.only_family = Family::exact;
  add(budget_policy.decide(input));
  return pairs;
}

}  // namespace pliant::quality

#include "planner/plan.hpp"

#include <string>

#include "core/error.hpp"
#include "planner/density/policy.hpp"

namespace pliant {
namespace {

void check_lossy(const Plan& plan) {
  const Settings& settings = plan.settings;
  if (settings.policy == "budget" && settings.time_budget_s <= 0)
    throw Error(ErrorClass::info_value, "pliant_policy = budget without a budget",
                "pliant_time_budget_us must be > 0 then", "Pass the time one step may take, in microseconds");
  if (settings.deterministic && plan.policy != &fixed_policy)
    throw Error(ErrorClass::info_value,
                "pliant_deterministic = true with " + quoted("pliant_policy", settings.policy),
                "a density that follows the network is not pinned", "Use pliant_policy = fixed");
}

/// Lossy algorithms alone are an error if the program names them for an exact communicator or request. The
/// environment means all communicators, so exact calls ignore it.
void check_exact(const Config& config, Plan& plan) {
  if (plan.filter.allows_any(true) || plan.settings.assert_exact) return;
  plan.ignores_algorithm = config.environment.contains("pliant_algorithm");
  if (plan.ignores_algorithm) return;
  throw Error(ErrorClass::info_value,
              quoted("pliant_algorithm", plan.settings.algorithm) + " with pliant_mode = exact",
              "an exact communicator needs an exact algorithm",
              "Set pliant_mode = topk, or allow ring, tree or mpi");
}

void check_deterministic(const Plan& plan) {
  if (!plan.settings.deterministic) return;
  const AlgorithmFilter filter = plan.filter.for_exact_call();
  for (const AllreduceAlgorithm* algorithm : algorithms())
    if (algorithm->exact && algorithm->deterministic && filter.allows(*algorithm)) return;
  throw Error(ErrorClass::info_value,
              "pliant_deterministic = true with " + quoted("pliant_algorithm", plan.settings.algorithm),
              "tree is the exact algorithm whose order of additions never changes", "Allow tree");
}

}  // namespace

Plan look_up(const Config& config) {
  Plan plan;
  plan.settings = config.resolve();
  plan.filter = AlgorithmFilter(plan.settings.algorithm);
  plan.policy = &find_policy(plan.settings.policy);
  plan.feedback = &find_error_feedback(plan.settings.error_feedback);
  if (plan.settings.index_codec != "auto") plan.index_codec = &find_index_codec(plan.settings.index_codec);
  plan.value_codec = &find_value_codec(plan.settings.value_codec);
  // The equivalent densities are known for EF14 only.
  plan.by_quality = plan.settings.quality == "auto" && plan.settings.error_feedback == "ef14" &&
                    plan.filter.allows_several_rules();
  return plan;
}

Plan make_plan(const Config& config) {
  Plan plan = look_up(config);
  if (plan.settings.topk) {
    check_lossy(plan);
  } else {
    check_exact(config, plan);
  }
  check_deterministic(plan);
  return plan;
}

}  // namespace pliant

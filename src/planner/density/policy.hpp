// Policies set the density of a lossy call. They are pure functions of values on which all ranks agree. Each
// policy's file states its formula and source; docs/guide/choosing_a_policy.md describes all of them.
#pragma once

#include <span>
#include <string_view>

#include "planner/choice_input.hpp"

namespace pliant {

struct PolicyDecision {
  std::int64_t kept =
      0;  ///< in [1, count]; counts elements of allgather_topk if ChoiceInput::equivalent is set
  bool by_user = false;  ///< k comes from pliant_density, and is the same for every algorithm
  bool lossy = true;     ///< false: the policy prefers to send everything
  bool feasible = true;  ///< false: even the least permitted k is predicted to take too long
  bool floored = false;  ///< pliant_min_gain raised k above the policy's choice
  const char* why_exact = "everything fits: nothing is left out";  ///< reason if not lossy
};

struct Policy {
  std::string_view name;
  std::string_view summary;
  bool adapts;              ///< the policy chooses the density, not the user
  bool needs_compute_time;  ///< ranks first agree on ChoiceInput::compute_s (one small allreduce)
  bool needs_gain;          ///< ranks first agree on ChoiceInput::gain (same allreduce)
  PolicyDecision (*decide)(const ChoiceInput& input);
};

std::span<const Policy* const> policies();

/// Throws Error(info_value), listing the valid names, for an unknown name.
const Policy& find_policy(std::string_view name);

extern const Policy fixed_policy;
extern const Policy budget_policy;
extern const Policy pareto_policy;
extern const Policy goodput_policy;

/// Returns the policy's decision, raised to the least k whose known gain reaches pliant_min_gain. A policy
/// that does not adapt uses the user's k: if its gain is too small, the call is sent exactly
/// (runtime/operation.cpp). This also applies until the gain is known.
PolicyDecision decide_kept(const Policy& policy, const ChoiceInput& input);

/// Rounds compute time and margin up to the next of 64 steps per octave, so that inputs recur. Policies
/// always get rounded input, so answers do not depend on which rank remembers which.
ChoiceInput coarsened(const ChoiceInput& input);

/// The least density that a policy may choose. Training still converged at it, slowly (research on
/// Fashion-MNIST, 8 ranks, allgather_topk: 0.85 accuracy in 1,180 steps against 580 at 1 %).
inline constexpr double kLeastDensity = 1e-4;
/// The least density with EF21: the least density of the flexible-communication paper. EF21's compressor must
/// be a contraction of k / count or more at every step, and its step size falls with the least of these
/// (Richtarik et al., arXiv 2106.05203, theorem 1).
inline constexpr double kLeastContraction = 1e-3;

/// The least number of elements that a policy may choose.
std::int64_t least_kept(const ChoiceInput& input);

/// Predicted time [s] of the cheapest lossy algorithm that the call may use, for k; infinity if there is
/// none.
double lossy_s(const ChoiceInput& input, std::int64_t kept);
/// Predicted time [s] of the cheapest exact algorithm, including the residual; infinity if there is none.
double exact_s(const ChoiceInput& input);

/// Returns the largest k in [low, high] for which fits(k) holds; low - 1 if there is none. fits(k) must hold
/// up to some k and not beyond.
template <class Fits>
std::int64_t largest_where(std::int64_t low, std::int64_t high, Fits&& fits) {
  std::int64_t none = low - 1;
  while (none < high) {
    const std::int64_t middle = none + (high - none + 1) / 2;
    if (fits(middle)) {
      none = middle;
    } else {
      high = middle - 1;
    }
  }
  return none;
}

}  // namespace pliant

// Who sets the density of a lossy call. Policies are pure functions of values all ranks agree on: each with
// its formula and source in its file, all of them in docs/policies.md.
#pragma once

#include <span>
#include <string_view>

#include "collectives/selector.hpp"
#include "compress/gain_model.hpp"
#include "core/config.hpp"

namespace pliant {

/// What a policy may know.
struct PolicyInput {
  const Settings& settings;
  AllreduceShape shape;  ///< `kept` is not set yet
  const AlgorithmFilter& filter;
  const CostModel& model;
  double compute_s = 0;  ///< [s] between the previous operation's end and this one's begin, max over ranks
  /// gain(k) of the tensor's error-fed gradient, min over ranks; null: not known yet.
  const GainModel* gain = nullptr;
  double margin = 1;       ///< measured / predicted time that a budget is to allow for
  bool resumable = false;  ///< as SelectionRequest's
  double drain_s = 0;      ///< as SelectionRequest's
  /// Not null: k stands for as many elements of allgather_topk's, and each algorithm keeps what is as good.
  const Worth* worth = nullptr;
  Family only_family = Family::exact;  ///< as SelectionRequest's
};

struct PolicyDecision {
  std::int64_t kept = 0;  ///< in [1, count]; where PolicyInput::worth was given, of allgather_topk's
  bool by_user = false;   ///< it is pliant_density's k: so many, whatever the algorithm
  bool lossy = true;      ///< false: the policy prefers to send everything
  bool feasible = true;   ///< false: even the least that may be sent is predicted to take too long
  bool floored = false;   ///< pliant_min_gain asks for more than the policy wanted
  const char* why_exact = "everything fits: nothing is left out";  ///< where it is not lossy
};

struct Policy {
  std::string_view name;
  std::string_view summary;
  bool adapts;              ///< the density is the policy's to choose, not the user's
  bool needs_compute_time;  ///< ranks agree on PolicyInput::compute_s first (one small allreduce)
  bool needs_gain;          ///< ranks agree on PolicyInput::gain first (in the same)
  PolicyDecision (*decide)(const PolicyInput& input);
};

std::span<const Policy* const> policies();

/// Throws Error(info_value) that lists the names there are.
const Policy& find_policy(std::string_view name);

extern const Policy fixed_policy;
extern const Policy budget_policy;
extern const Policy pareto_policy;
extern const Policy goodput_policy;

/// What the policy decides, with pliant_min_gain as a floor under it: the least k whose gain is known to
/// reach it. Under a policy that does not adapt k is the user's, and what has too little gain is sent exactly
/// (api/operation.cpp); that also holds as long as the gain is not known.
PolicyDecision decide_kept(const Policy& policy, const PolicyInput& input);

/// Compute time and margin rounded up to the next of 64 steps an octave, so that inputs recur. Rounding is
/// part of what policies are asked: answers do not depend on who remembers which.
PolicyInput coarsened(const PolicyInput& input);

/// The least density a policy may choose. Training still converged at it, slowly (research on Fashion-MNIST,
/// 8 ranks, allgather_topk: 0.85 accuracy in 1,180 steps against 580 at 1 %).
inline constexpr double kLeastDensity = 1e-4;
/// The same with EF21, whose compressor must be a contraction of k / count or more at every step: its step
/// size falls with the least of them (Richtarik et al., arXiv 2106.05203, theorem 1). The least density of
/// the flexible-communication paper.
inline constexpr double kLeastContraction = 1e-3;

/// [elements] the least a policy may choose.
std::int64_t least_kept(const PolicyInput& input);

/// [s] predicted of the cheapest lossy algorithm the call may use, for k; infinity where there is none.
double lossy_s(const PolicyInput& input, std::int64_t kept);
/// [s] predicted of the cheapest exact one, the residual's share included; infinity where there is none.
double exact_s(const PolicyInput& input);

/// The largest k in [low, high] for which fits(k), which holds up to some k and not beyond; low - 1 if none.
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

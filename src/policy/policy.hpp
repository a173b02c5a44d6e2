// Who sets the density of a lossy call. Policies are pure functions of values all ranks agree on.
#pragma once

#include <span>
#include <string_view>

#include "collectives/selector.hpp"
#include "core/config.hpp"

namespace pliant {

/// What a policy may know.
struct PolicyInput {
  const Settings& settings;
  AllreduceShape shape;  ///< `kept` is not set yet
  const AlgorithmFilter& filter;
  const CostModel& model;
  double compute_s = 0;  ///< [s] between the previous operation's end and this one's begin, max over ranks
};

struct PolicyDecision {
  std::int64_t kept = 0;  ///< in [1, count]
  bool lossy = true;      ///< false: the policy prefers to send everything
  bool feasible = true;   ///< false: even the least that may be sent is predicted to take too long
};

struct Policy {
  std::string_view name;
  std::string_view summary;
  bool needs_compute_time;  ///< ranks agree on PolicyInput::compute_s first (one small allreduce)
  PolicyDecision (*decide)(const PolicyInput& input);
};

std::span<const Policy* const> policies();

/// Throws Error(info_value) that lists the names there are.
const Policy& find_policy(std::string_view name);

extern const Policy fixed_policy;
extern const Policy budget_policy;

/// The least density a policy may choose. Training still converged at it, slowly (research on Fashion-MNIST,
/// 8 ranks, allgather_topk: 0.85 accuracy in 1,180 steps against 580 at 1 %).
inline constexpr double kLeastDensity = 1e-4;

}  // namespace pliant

// For each selection rule, the algorithm and density that a network allows in a given time. Also the one that
// the library's budget policy takes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "planner/selector.hpp"

namespace pliant::quality {

struct Network {
  int ranks = 8;
  double alpha_s = 1e-3;
  double beta_s_per_byte = 8e-8;
};

/// Fixed compute speeds of a recent processor, so that results do not depend on the machine.
CostModel model_of(const Network& network);

struct AllowedPair {
  const AllreduceAlgorithm* algorithm = nullptr;
  std::int64_t kept = 0;
  double predicted_s = 0;
  bool chosen = false;
};

/// Selection rules without a quick enough algorithm are left out.
/// count: elements; time_s: budget of one allreduce.
std::vector<AllowedPair> allowed_pairs(const Network& network, std::int64_t count, double time_s);

/// The name of what has no selection rule: everything is sent.
inline constexpr std::string_view kNoRule = "exact";
std::string_view name_of(std::optional<SelectionRule> rule);
/// nullopt for kNoRule and for unknown names.
std::optional<SelectionRule> find_rule(std::string_view name);
std::string rule_names();

}  // namespace pliant::quality

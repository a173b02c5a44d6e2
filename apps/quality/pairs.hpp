// Which pair of algorithm and density a network allows for in a given time, of each family, and which of them
// the library's budget policy takes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectives/selector.hpp"

namespace pliant::quality {

struct Network {
  int ranks = 8;
  double alpha_s = 1e-3;
  double beta_s_per_byte = 8e-8;
};

/// Compute speeds are those of a processor of today: none of what is simulated depends on the one it runs on.
CostModel model_of(const Network& network);

struct AllowedPair {
  const AllreduceAlgorithm* algorithm = nullptr;
  std::int64_t kept = 0;
  double predicted_s = 0;
  bool chosen = false;
};

/// count: elements; time_s: for one allreduce. Families none of whose algorithms is quick enough are left
/// out.
std::vector<AllowedPair> allowed_pairs(const Network& network, std::int64_t count, double time_s);

std::string_view name_of(Family family);
std::optional<Family> find_family(std::string_view name);
std::string family_names();

}  // namespace pliant::quality

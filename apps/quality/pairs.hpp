// Which pair of algorithm and density a network allows for in a given time, of each family, and which of them
// the library's budget policy takes.
#pragma once

#include <string_view>
#include <vector>

#include "collectives/selector.hpp"

namespace pliant::quality {

struct Network {
  int ranks = 8;
  double alpha_s = 1e-3;
  double beta_s_per_byte = 8e-8;
};

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
/// Throws Error(argument) that lists the names there are.
Family find_family(std::string_view name);

}  // namespace pliant::quality

#include "collectives/registry.hpp"

#include <algorithm>

namespace pliant {

const AllreduceAlgorithm* find_algorithm(std::string_view name) {
  const auto found =
      std::find_if(kAlgorithms.begin(), kAlgorithms.end(),
                   [&](const AllreduceAlgorithm* algorithm) { return algorithm->name == name; });
  return found == kAlgorithms.end() ? nullptr : *found;
}

}  // namespace pliant

#include "collectives/registry.hpp"

#include <algorithm>

#include "collectives/device/staging.hpp"

namespace pliant {

const AllreduceAlgorithm* find_algorithm(std::string_view name) {
  const auto found =
      std::find_if(kAlgorithms.begin(), kAlgorithms.end(),
                   [&](const AllreduceAlgorithm* algorithm) { return algorithm->name == name; });
  return found == kAlgorithms.end() ? nullptr : *found;
}

std::int64_t total_wire_bytes(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape) {
  std::int64_t total = 0;
  for (int rank = 0; rank < shape.ranks; ++rank) total += algorithm.sent(shape, rank).bytes;
  return total;
}

AllreduceShape tuned_for(const AllreduceAlgorithm& algorithm, AllreduceShape shape, const CostModel& model) {
  if (!takes_in_place(algorithm, shape)) {
    shape.tuning() = tuned_staged(algorithm, shape, model);
  } else if (algorithm.tuned != nullptr && shape.ranks > 1) {
    shape.tuning() = algorithm.tuned(shape, model);
  }
  return shape;
}

void run(const AllreduceAlgorithm& algorithm, AllreduceCall& call) {
  Execution& execution = call.workspace.execution;
  execution.start(algorithm.run(call));
  execution.finish();
}

}  // namespace pliant

// Calls on a device's memory by algorithms of the host: blocks are brought to the host, reduced there, and
// brought back, one coming while another is reduced and a third goes.
//
//   to the host    0 1 2 3
//   reduced          0 1 2 3
//   to the device      0 1 2 3
#pragma once

#include "collectives/allreduce.hpp"

namespace pliant {

/// Can it reduce vectors that lie there? Whole vectors are staged for exact algorithms alone: selections are
/// made where the residual is.
constexpr bool can_lie_in(Memory memory, const AllreduceAlgorithm& algorithm) {
  if (memory == Memory::host) return algorithm.reach != Reach::device;
  return algorithm.exact || algorithm.reach != Reach::host;
}

/// Does `algorithm` take the shape's vectors where they lie?
bool takes_in_place(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape);

/// [s] of an algorithm on a device's memory, staging included.
double device_cost_s(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape,
                     const CostModel& model);

/// The shape with what device_cost_s() holds for, where the algorithm is staged. A pure function: ranks
/// agree.
AllreduceShape tuned_staged(const AllreduceAlgorithm& algorithm, AllreduceShape shape,
                            const CostModel& model);

/// Runs it on vectors wherever they lie. Collective. The call must outlive the task.
Task run_anywhere(AllreduceCall& call, const AllreduceAlgorithm& algorithm);

}  // namespace pliant

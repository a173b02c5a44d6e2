// Calls on device memory by the host's algorithms. Blocks are copied to the host, reduced there, and copied
// back: one arrives while another is reduced and a third goes back.
//
//   to the host    0 1 2 3
//   reduced          0 1 2 3
//   to the device      0 1 2 3
#pragma once

#include "collectives/allreduce.hpp"

namespace pliant {

/// True if the algorithm can reduce vectors in `memory`. Staging is for exact algorithms alone: lossy ones
/// select where the residual is.
constexpr bool can_lie_in(Memory memory, const AllreduceAlgorithm& algorithm) {
  if (memory == Memory::host) return algorithm.reach != Reach::device;
  return algorithm.exact || algorithm.reach != Reach::host;
}

/// True if `algorithm` uses the shape's vectors where they lie, without staging.
bool takes_in_place(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape);

/// [s] of an algorithm on device memory, staging included.
double device_cost_s(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape,
                     const CostModel& model);

/// The parameters that device_cost_s() assumes for a staged algorithm. Pure, so ranks agree.
Tuning tuned_staged(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape, const CostModel& model);

/// Runs the algorithm on vectors in either memory. Collective. The call must outlive the task.
Task run_anywhere(AllreduceCall& call, const AllreduceAlgorithm& algorithm);

}  // namespace pliant

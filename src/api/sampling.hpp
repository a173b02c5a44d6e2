// An operation's part in learning (learning.hpp): whether it teaches, where its ranks meet, what it took.
#pragma once

#include <cstdint>

#include "api/learning.hpp"
#include "api/operation.hpp"

namespace pliant {

/// The lane of an operation that teaches; null for others: short ones, which meetings would slow down.
Lane* lane_of(Context& context, const Operation& operation, const AllreduceShape& shape);

/// The time of the call after a meeting: all ranks begin it together.
struct Sample {
  bool taken = false;
  double begin_s = 0;
  double away_s = 0;  ///< [s] of the run's when it began
  std::int64_t begun = 0;

  /// To the lane, for the next meeting.
  void end(const OperationRun& run, Lane& lane, const AllreduceAlgorithm& algorithm,
           const AllreduceShape& shape) const;
};

/// Ranks meet if it is time; a sample begins then. Collective.
Task meet_others(AllreduceCall& call, OperationRun& run, Lane& lane, const DecisionInput& input,
                 Sample& sample);

}  // namespace pliant

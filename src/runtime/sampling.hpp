// An operation's part in learning (learning.hpp): it may hold a sync round, and its time may be a sample.
#pragma once

#include <cstdint>

#include "runtime/learning.hpp"
#include "runtime/operation.hpp"

namespace pliant {

/// Is anything learned from such a call? Not from short ones, since sync rounds would slow them down.
bool is_learned_from(const Context& context, const Operation& operation, const AllreduceShape& shape);

/// The time of the call after a sync round, which all ranks begin together.
struct Sample {
  bool taken = false;
  double begin_s = 0;
  double away_s = 0;  ///< [s] OperationRun::away_s at its begin
  std::int64_t begun = 0;

  /// Stores the time in the operation's call site for the next sync round.
  void end(const OperationRun& run, const AllreduceAlgorithm& algorithm, const AllreduceShape& shape) const;
};

/// Holds a sync round if one is due, and then begins a sample. Collective.
Task sync_with_others(AllreduceCall& call, OperationRun& run, const ChoiceInput& input, Sample& sample);

}  // namespace pliant

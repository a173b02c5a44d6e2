// The ranks agree on the inputs of a decision before they decide, and each learns from the result.
#pragma once

#include "runtime/operation.hpp"

namespace pliant {

/// What ranks agree on besides the input of the decision.
struct Agreement {
  std::int64_t step = 0;
  bool same_tensor = true;  ///< all ranks of a blocking call found the same place; Tensors::find()
  bool all_ready = true;    ///< every rank has room for the tensor's residual
  bool count_gain = false;  ///< this operation must count magnitudes
};

/// Replaces this rank's own numbers in `input` and `agreed` by those that all ranks agree on. Collective if the
/// call may lose something, and the plan's policy adapts, the operation blocks, or it is on a device's memory.
/// Takes one small exchange, and a second if some rank has counted its gradient since the last one.
Task agree(AllreduceCall& call, const Operation& operation, ChoiceInput& input, Agreement& agreed);

/// Updates the policy's memory after an operation has ended.
void learn(const OperationRun& run);

}  // namespace pliant

// The ranks agree on the inputs of a decision before they decide, and each learns from the result.
#pragma once

#include <optional>

#include "runtime/operation.hpp"

namespace pliant {

struct AgreedInputs {
  double compute_s = 0;
  std::int64_t step = 0;
  bool same_tensor = true;          ///< all ranks of a blocking call found the same place; Tensors::find()
  bool all_ready = true;            ///< every rank has room for the tensor's residual
  bool outstanding = false;         ///< the residual of some rank may be non-zero
  bool roomy = true;                ///< every rank's device has room for its selection and pairs
  double margin = 1;                ///< as in ChoiceInput
  const GainModel* gain = nullptr;  ///< as in ChoiceInput
  bool count_gain = false;          ///< this operation must count magnitudes
  std::optional<EquivalentDensity> equivalent;  ///< nullopt: lossy algorithms are compared by density
};

/// Replaces this rank's own numbers in `agreed` by those that all ranks agree on. Collective if the plan's
/// policy adapts, the operation blocks, or it is on a device's memory. Takes one small exchange, and a second
/// if some rank has counted its gradient since the last one.
Task agree(AllreduceCall& call, const Operation& operation, bool eligible, AgreedInputs& agreed);

/// Updates the policy's memory after an operation has ended.
void learn(const OperationRun& run);

}  // namespace pliant

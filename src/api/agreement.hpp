// What the ranks must hold in common before they decide, and what each learns from what was done.
#pragma once

#include <optional>

#include "api/operation.hpp"

namespace pliant {

struct Agreed {
  double compute_s = 0;
  std::int64_t step = 0;
  bool same_tensor = true;          ///< all ranks of a blocking call found the same, or room for none
  bool all_ready = true;            ///< every rank has room for the tensor's residual
  bool outstanding = false;         ///< some rank's residual may hold something
  bool roomy = true;                ///< every rank's device has room for all that it is to keep
  double margin = 1;                ///< as PolicyInput's
  const GainModel* gain = nullptr;  ///< as PolicyInput's
  bool count_gain = false;          ///< this operation is to count magnitudes
  std::optional<Worth> worth;       ///< nothing: lossy algorithms are compared by density
};

/// Collective where the plan's policy adapts, the operation blocks, or is on a device's memory; `agreed`
/// holds this rank's own numbers before. One small exchange, and a second where some rank has counted its
/// gradient since.
Task agree(AllreduceCall& call, const Operation& operation, bool eligible, Agreed& agreed);

/// A policy learns from an operation that has ended.
void learn(const OperationRun& run);

}  // namespace pliant

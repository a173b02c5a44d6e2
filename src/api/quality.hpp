// An operation's part in comparing algorithms by quality (policy/quality.hpp): trials, and samples of how
// stale residuals are, each one small allreduce among the others.
#pragma once

#include "api/decision.hpp"
#include "api/operation.hpp"

namespace pliant {

/// What the tensor of an operation has learned of quality; null where it learns nothing.
QualityMemory* quality_of(const Operation& operation);

/// The family whose turn it is; exact: any. Its decision may then be given to after_trial().
Family tried_family(const Operation& operation);
/// Is this decision, made for the family that is tried, to be made anew for all? Otherwise a trial may begin
/// with the next operation.
bool ends_trial(const Operation& operation, const Decision& decision);

/// What a sample exchanges, and how. Equal on all ranks.
struct StalenessSample {
  const AllreduceAlgorithm* algorithm = nullptr;  ///< null: there is none this time
  AllreduceShape shape;                           ///< gradient and error-fed gradient at the sampled places
  double cost_s = 0;                              ///< predicted
};

/// The sample that goes before a lossy operation, where it is time for one.
StalenessSample sample_before(const Operation& operation, const Decision& decision,
                              const AllreduceShape& shape, const CostModel& model);

/// ||sum of error-fed gradients|| / ||sum of gradients|| at the sampled places, into the tensor's memory.
/// Residual and what is to be added to it are still apart. Collective.
Task take_sample(AllreduceCall& call, OperationRun& run, const StalenessSample& sample);

}  // namespace pliant

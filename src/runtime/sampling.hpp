// An operation's part in learning (learning.hpp): it may hold a sync round, its messages may carry telemetry, and its time
// may be a sample.
#pragma once

#include "runtime/learning.hpp"
#include "runtime/operation.hpp"

namespace pliant {

/// Is anything learned from such a call? Not from short ones, since it would slow them down.
bool is_learned_from(const Context& context, const Operation& operation, const AllreduceShape& shape);

/// An operation's part in learning. It calls the functions in their order, on all ranks.
class SampledCall {
 public:
  /// @param input  of the call, before anything learned is in force
  SampledCall(AllreduceCall& call, OperationRun& run, const ChoiceInput& input);
  SampledCall(const SampledCall&) = delete;
  SampledCall& operator=(const SampledCall&) = delete;

  /// Holds a sync round if one is due.
  Task meet();
  /// Begins the sample, and telemetry if the decision's algorithm carries it and it is due.
  void begin(const Decision& decision, const ChoiceInput& input);
  /// After the reduction: uses the telemetry, and stores the call's time for the next.
  void end(const AllreduceAlgorithm& algorithm);

  FramePool& frames() { return round_.frames(); }

 private:
  AllreduceCall& call_;
  OperationRun& run_;
  Logger logger_;
  SyncRound round_;
  bool carrying_ = false;  ///< this call's messages carry telemetry
  double begin_s_ = 0;
  double away_s_ = 0;  ///< [s] OperationRun::away_s at its begin
  std::int64_t begun_ = 0;
};

}  // namespace pliant

#include "runtime/sampling.hpp"

#include <mpi.h>

namespace pliant {
namespace {

const char* name_of(const Operation& operation) {
  return operation.tensor != nullptr ? operation.tensor->name.c_str() : operation.plan.settings.name.c_str();
}

}  // namespace

// Some ranks may take the short path (short_call.hpp), which neither holds sync rounds nor carries telemetry.
bool is_learned_from(const Context& context, const Operation& operation, const AllreduceShape& shape) {
  const Settings& settings = operation.plan.settings;
  return settings.learn && !settings.deterministic && shape.ranks > 1 && shape.bytes() > kMeasureBytes &&
         !operation.nominal && shape.memory == Memory::host && context.measured();
}

SampledCall::SampledCall(AllreduceCall& call, OperationRun& run, const ChoiceInput& input)
    : call_(call),
      run_(run),
      logger_(run.context.process().logger()),
      round_{
          .call = call,
          .site = *run.operation.site,
          .learning = run.context.learning(),
          .input = input,
          .measured = run.context.model(),
          .logger = run.context.comm().rank() == 0 && logger_.level() >= LogLevel::info ? &logger_ : nullptr,
          .tensor = name_of(run.operation),
          .begin_s = run.begin_s,
          .outside_s = run.outside_s,
          .outside = run.context.outside,
          .blocking = run.operation.blocking,
          .any_live = run.context.has_live_requests()} {}

Task SampledCall::meet() {
  co_await hold_sync_round(round_);
  // Only blocking calls have one order on all ranks, so only they may set this.
  if (round_.met && round_.blocking) run_.context.note_requests(round_.any_live);
  run_.pending.sent = run_.pending.sent - round_.sent;  // not this operation's
}

void SampledCall::begin(const Decision& decision, const ChoiceInput& input) {
  SyncState& state = round_.site.sync;
  const int every = calls_per_telemetry(*decision.algorithm, input, decision.kept, decision.predicted_s);
  state.carried = every > 0;
  if (every > 0) call_.workspace.telemetry.prepare(call_.comm);
  if (every > 0 && ++state.since_telemetry >= every) {
    state.since_telemetry = 0;
    round_.input.model = input.model;
    begin_telemetry(round_, call_.workspace.telemetry);
    call_.telemetry = &call_.workspace.telemetry;
    carrying_ = true;
  }
  begin_s_ = MPI_Wtime();
  away_s_ = run_.away_s;
  begun_ = run_.context.begun_alone();
}

void SampledCall::end(const AllreduceAlgorithm& algorithm) {
  SyncState& state = round_.site.sync;
  const double time_s = MPI_Wtime() - begin_s_;
  // An operation that became exact at the last moment (pliant_min_gain) may carry nothing, on all ranks.
  if (carrying_) call_.workspace.telemetry.settle();
  if (carrying_ && call_.workspace.telemetry.complete()) {
    end_telemetry(round_, call_.workspace.telemetry);
    if (round_.blocking) run_.context.note_requests(round_.any_live);
  }
  if (!round_.met && !state.carried) return;
  const bool alone = begun_ >= 0 && run_.context.begun_alone() == begun_;
  const double away_s = run_.away_s - away_s_;
  // The first call of a kind opens connections, so its time is not used.
  const bool clean = alone && away_s <= kMostAway * time_s && state.rounds > 1;
  state.sampled = &algorithm;
  state.shape = call_.shape;
  state.sample_s = clean ? time_s : 0;
  if (round_.met) return;
  state.together = false;
  state.arrival = {};
  if (round_.computed_s >= 0) state.arrival = {time_s - away_s, round_.computed_s};
}

}  // namespace pliant

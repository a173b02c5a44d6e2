#include "runtime/sampling.hpp"

#include <mpi.h>

namespace pliant {

// Some ranks may take the short path (short_call.hpp), which holds no sync round.
bool is_learned_from(const Context& context, const Operation& operation, const AllreduceShape& shape) {
  const Settings& settings = operation.plan.settings;
  return settings.learn && !settings.deterministic && shape.ranks > 1 && shape.bytes() > kMeasureBytes &&
         !operation.nominal && shape.memory == Memory::host && context.measured();
}

void Sample::end(const OperationRun& run, const AllreduceAlgorithm& algorithm,
                 const AllreduceShape& shape) const {
  SyncState& state = run.operation.site->sync;
  const double time_s = MPI_Wtime() - begin_s;
  const bool alone = begun >= 0 && run.context.begun_alone() == begun;
  // The first call of a kind opens connections, so its time is not used.
  const bool clean = alone && run.away_s - away_s <= kMostAway * time_s && state.rounds > 1;
  state.sampled = &algorithm;
  state.shape = shape;
  state.sample_s = clean ? time_s : 0;
}

Task sync_with_others(AllreduceCall& call, OperationRun& run, const ChoiceInput& input, Sample& sample) {
  Context& context = run.context;
  const Logger logger = context.process().logger();
  const bool tells = context.comm().rank() == 0 && logger.level() >= LogLevel::info;
  const std::string& name =
      run.operation.tensor != nullptr ? run.operation.tensor->name : run.operation.plan.settings.name;
  SyncRound round{.call = call,
                  .site = *run.operation.site,
                  .learning = context.learning(),
                  .input = input,
                  .logger = tells ? &logger : nullptr,
                  .tensor = name.c_str(),
                  .begin_s = run.begin_s,
                  .outside_s = run.outside_s,
                  .outside = context.outside,
                  .blocking = run.operation.blocking,
                  .any_live = context.has_live_requests()};
  co_await hold_sync_round(round);
  // Only blocking calls have one order on all ranks, so only they may set this.
  if (round.met && round.blocking) context.note_requests(round.any_live);
  run.pending.sent = run.pending.sent - round.sent;  // not this operation's
  sample = {round.met, MPI_Wtime(), run.away_s, context.begun_alone()};
}

}  // namespace pliant

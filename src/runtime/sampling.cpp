#include "runtime/sampling.hpp"

#include <mpi.h>

namespace pliant {

// Null for short calls: some ranks may take the short path (short_call.hpp), which holds no sync round.
CallSite* call_site_of(Context& context, const Operation& operation, const AllreduceShape& shape) {
  const Settings& settings = operation.plan.settings;
  if (!settings.learn || settings.deterministic || shape.ranks == 1 || shape.bytes() <= kMeasureBytes ||
      operation.nominal || shape.memory == Memory::device || !context.measured())
    return nullptr;
  return operation.blocking
             ? &context.learning().blocking_call_site(operation.count, operation.type, operation.op)
             : &operation.tensor->site;
}

void Sample::end(const OperationRun& run, CallSite& site, const AllreduceAlgorithm& algorithm,
                 const AllreduceShape& shape) const {
  const double time_s = MPI_Wtime() - begin_s;
  const bool alone = begun >= 0 && run.context.begun_alone() == begun;
  // The first call of a kind opens connections, so its time is not used.
  const bool clean = alone && run.away_s - away_s <= kMostAway * time_s && site.rounds > 1;
  site.sampled = &algorithm;
  site.shape = shape;
  site.sample_s = clean ? time_s : 0;
}

Task sync_with_others(AllreduceCall& call, OperationRun& run, CallSite& site, const ChoiceInput& input,
                      Sample& sample) {
  Context& context = run.context;
  const Logger logger = context.process().logger();
  const bool tells = context.comm().rank() == 0 && logger.level() >= LogLevel::info;
  const std::string& name =
      run.operation.tensor != nullptr ? run.operation.tensor->name : run.operation.plan.settings.name;
  SyncRound round{.call = call,
                  .site = site,
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

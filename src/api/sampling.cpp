#include "api/sampling.hpp"

#include <mpi.h>

namespace pliant {

// A short call of a known kind meets nobody first (short_call.hpp), on this rank or another: none may meet.
Lane* lane_of(Context& context, const Operation& operation, const AllreduceShape& shape) {
  const Settings& settings = operation.plan.settings;
  if (!settings.learn || settings.deterministic || shape.ranks == 1 || shape.bytes() <= kMeasureBytes ||
      operation.nominal || shape.memory == Memory::device || !context.measured())
    return nullptr;
  return operation.blocking ? &context.learning().blocking_lane(operation.count, operation.type, operation.op)
                            : &operation.tensor->lane;
}

void Sample::end(const OperationRun& run, Lane& lane, const AllreduceAlgorithm& algorithm,
                 const AllreduceShape& shape) const {
  const double time_s = MPI_Wtime() - begin_s;
  const bool alone = begun >= 0 && run.context.begun_alone() == begun;
  // A lane's first call opens connections.
  const bool clean = alone && run.away_s - away_s <= kMostAway * time_s && lane.meetings > 1;
  lane.sampled = &algorithm;
  lane.shape = shape;
  lane.sample_s = clean ? time_s : 0;
}

Task meet_others(AllreduceCall& call, OperationRun& run, Lane& lane, const DecisionInput& input,
                 Sample& sample) {
  Context& context = run.context;
  const Logger logger = context.process().logger();
  const bool tells = context.comm().rank() == 0 && logger.level() >= LogLevel::info;
  const std::string& name =
      run.operation.tensor != nullptr ? run.operation.tensor->name : run.operation.plan.settings.name;
  Meeting meeting{.call = call,
                  .lane = lane,
                  .learning = context.learning(),
                  .input = input,
                  .logger = tells ? &logger : nullptr,
                  .tensor = name.c_str(),
                  .begin_s = run.begin_s,
                  .outside_s = run.outside_s,
                  .outside = context.outside,
                  .blocking = run.operation.blocking,
                  .any_live = context.has_live_requests()};
  co_await meet(meeting);
  // The order of other calls is each rank's own.
  if (meeting.met && meeting.blocking) context.note_requests(meeting.any_live);
  run.under_way.sent = run.under_way.sent - meeting.sent;  // not this operation's
  sample = {meeting.met, MPI_Wtime(), run.away_s, context.begun_alone()};
}

}  // namespace pliant

#include "runtime/learning.hpp"

#include <mpi.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "collectives/exchange.hpp"
#include "collectives/sparse/messages.hpp"

namespace pliant {
namespace {

const char* reason_of(Why why) {
  switch (why) {
    case Why::better:
      return "surely better";
    case Why::tries:
      return "exploration: predicted better";
    case Why::explores:
      return "exploration: could be better";
    default:
      return "cheapest";
  }
}

void log_change(const SyncRound& round, const Learner& learner, const Candidate& taken, Why why) {
  const SyncState& state = round.site.sync;
  if (round.logger == nullptr || state.algorithm == taken.algorithm) return;
  std::string text =
      std::string(round.tensor) + ": " +
      (state.algorithm != nullptr ? std::string(state.algorithm->name) + " -> " : std::string()) +
      std::string(taken.algorithm->name) + " (" + reason_of(why) + "), predicted " +
      std::to_string(taken.predicted_s * 1e3) + " ms";
  if (state.sample_s > 0) text += ", measured before " + std::to_string(state.sample_s * 1e3) + " ms";
  text += "; alpha " + std::to_string(learner.estimator().alpha_s() * 1e6) + " us, beta " +
          std::to_string(learner.estimator().beta_s_per_byte() * 1e9) + " ns/byte";
  round.logger->info(text);
}

void log_change(const SyncRound& round, const Straggler& now, const Straggler& before) {
  if (round.logger == nullptr) return;
  const auto ms = [](double seconds) { return std::to_string(seconds * 1e3) + " ms"; };
  if (now.rank < 0) {
    round.logger->info("rank " + std::to_string(before.rank) + " comes late no more");
    return;
  }
  round.logger->info("rank " + std::to_string(now.rank) + " comes " + ms(now.late_s) +
                     " after the median rank and " +
                     (now.computes_longer() ? "computes longer: " : "does not compute longer: ") +
                     ms(now.computed_s) + " between calls, the median rank " + ms(now.all_computed_s));
}

/// Reads the times of all ranks. Finds stragglers from the arrivals at the previous round, or at the sampled call.
/// @param of_rank  (rank, field): a rank's record
template <class OfRank>
RoundTimes read_times(SyncRound& round, const OfRank& of_rank) {
  const SyncState& state = round.site.sync;
  Stragglers& stragglers = round.learning.stragglers();
  const Straggler before = stragglers.latest();
  const std::span<RoundArrival> arrivals = stragglers.arrivals();
  RoundTimes times;
  bool all_have_messages = true;
  double least_s = of_rank(0, SyncRecord::waited);
  int rank = 0;
  for (RoundArrival& of : arrivals) {
    of = {of_rank(rank, SyncRecord::waited), of_rank(rank, SyncRecord::computed),
          of_rank(rank, SyncRecord::sample)};
    least_s = std::min(least_s, of.waited_s);
    const double message_s = of_rank(rank, SyncRecord::message);
    all_have_messages &= message_s > 0;
    times.message_s += message_s / round.call.comm.ranks();
    ++rank;
  }
  const LinkModel& link = state.rounds > 0 ? state.link : round.measured.link;
  double own_s = sync_round_s(round.call.comm.ranks(), link);
  // Ranks that begin a call apart end it together. So the last to come took the shortest time.
  if (!state.together && least_s >= 0)
    for (RoundArrival& of : arrivals) of.waited_s -= least_s;
  if (!state.together && state.sampled != nullptr && state.sampled->ends_apart)
    own_s = std::max(own_s, least_s);
  if (stragglers.observe(own_s)) log_change(round, stragglers.latest(), before);
  times.call_s = call_time_s(arrivals, own_s);
  if (!all_have_messages) times.message_s = 0;
  return times;
}

/// This rank's record of the round that ends now, without the time that the program spent outside meanwhile.
RoundArrival arrival_of(const SyncRound& round) {
  if (round.computed_s < 0) return {};
  const double away_s = round.outside.total_s() - round.outside_s;
  return {MPI_Wtime() - round.begin_s - away_s, round.computed_s};
}

/// Rank 0: the decision for this call site until the next round.
SyncRecord proposed(SyncRound& round, Learner& learner) {
  const int ranks = round.input.shape.ranks;
  Proposal proposal = propose(round.site.sync, round.input, learner);
  log_change(round, learner, proposal.taken, proposal.why);
  if (round.blocking && round.met) {
    RoundBudget& rounds = round.learning.rounds();
    const double cost_s = sync_round_cost_s(ranks, learner.model().link);
    rounds.note_round(cost_s);
    proposal.record[SyncRecord::pause] = static_cast<double>(rounds.calls_to_wait(cost_s));
  }
  return proposal.record;
}

/// This rank's record; on rank 0 with its decision.
SyncRecord record_of(SyncRound& round) {
  const SyncState& state = round.site.sync;
  Learner* const learner = round.call.comm.rank() == 0 ? round.learning.learner() : nullptr;
  SyncRecord record;
  if (learner != nullptr) record = proposed(round, *learner);
  record[SyncRecord::sample] = state.sample_s;
  record[SyncRecord::disturbed] = state.sampled != nullptr && state.sample_s <= 0 ? 1 : 0;
  record[SyncRecord::message] = state.message_s;
  record[SyncRecord::waited] = state.arrival.waited_s;
  record[SyncRecord::computed] = state.arrival.computed_s;
  record[SyncRecord::live] = round.any_live ? 1 : 0;
  return record;
}

/// Learns from the records of all ranks, whose maximum is `record`, and puts rank 0's decision in force.
void use(SyncRound& round, const SyncRecord& record, const RoundTimes& times) {
  SyncState& state = round.site.sync;
  if (Learner* const learner = round.call.comm.rank() == 0 ? round.learning.learner() : nullptr)
    learn(state, record, *learner, round.call.comm.ranks(), times);
  take(state, record, round.measured);
  round.site.decision.forget();
  round.any_live = record[SyncRecord::live] > 0;
}

/// Does this call hold a sync round? Counts the call; all ranks count the same calls. Where calls carry telemetry, only a
/// probe message needs one: all ranks send it at the same time.
bool is_time(SyncRound& round) {
  SyncState& state = round.site.sync;
  if (state.carried) return state.asked_bytes > 0;
  const bool open = !round.blocking || round.learning.is_open();
  if (state.calls_left == 0) return open || state.at_once;
  --state.calls_left;
  return false;
}

/// Buffers of the probe messages, of constant size.
struct ProbeScratch {
  static constexpr int kSlots = 4;
  static std::byte* of(AllreduceCall& call) {
    return call.workspace.receive.of<std::byte>((kSlots + 1) * kEagerBytes);
  }
};

/// Sends a probe message to the next rank and receives one from the previous rank, in segments. All ranks do
/// so at the same time, as in a collective.
Task ask(AllreduceCall& call, SyncState& state) {
  const int rank = call.comm.rank();
  const int ranks = call.comm.ranks();
  std::byte* const room = ProbeScratch::of(call);
  const std::int64_t pieces = segments_of(state.asked_bytes, kEagerBytes);
  const auto bytes = [&](std::int64_t i) {
    return static_cast<std::size_t>(std::min(kEagerBytes, state.asked_bytes - i * kEagerBytes));
  };
  const double begin_s = MPI_Wtime();
  Flow flow(call.comm, call.tag);
  std::int64_t sent = 0;
  std::int64_t posted = 0;
  while (flow.received() < pieces || flow.sent() < pieces) {
    for (; posted < pieces && flow.receiving() < ProbeScratch::kSlots; ++posted)
      flow.receive({room + posted % ProbeScratch::kSlots * kEagerBytes, bytes(posted)},
                   (rank + ranks - 1) % ranks);
    for (; sent < pieces && flow.can_send(); ++sent)
      flow.send({room + ProbeScratch::kSlots * kEagerBytes, bytes(sent)}, (rank + 1) % ranks);
    co_await flow.next(sent < pieces);
  }
  state.message_s = MPI_Wtime() - begin_s;
}

}  // namespace

void Learning::begin(const CostModel& measured, const Communicator& comm) {
  if (comm.rank() == 0) learner_ = std::make_unique<Learner>(measured);
  stragglers_.begin(comm.ranks());
  rounds_ = {};
  closed_calls_ = 0;
  last_link_ = {};
  ++measurements_;
}

bool Learning::is_open() {
  if (closed_calls_ == 0) return true;
  --closed_calls_;
  return false;
}

void Learning::end_round(const LinkModel& link, std::int64_t calls) {
  last_link_ = link;
  closed_calls_ = calls;
}

void Learning::note_call(const Decision& decision) {
  if (learner_ == nullptr) return;
  rounds_.note_call(decision.predicted_s, RoundShares::of(decision.candidates, learner_->drift().level()));
}

int Learning::first_wait(const ChoiceInput& call, std::int64_t made) const {
  constexpr std::int64_t kHurried = RoundBudget::kFreeRounds / kFirstRounds;
  if (learner_ == nullptr || made < kHurried) return 0;
  ChoiceInput learned = call;
  learned.outstanding = false;
  learned.model = &learner_->model();
  learned.corrections = &learner_->corrections();
  const Decision decision = decide_exact(learned, "");
  return calls_between(decision.candidates.items[0], decision.candidates,
                       sync_round_cost_s(call.shape.ranks, learner_->model().link),
                       {.had = kEarlyRounds, .change = 0});
}

Task hold_sync_round(SyncRound& round) {
  SyncState& state = round.site.sync;
  if (state.measured != round.learning.measurements()) {
    SyncState fresh;
    fresh.first_wait = fresh.calls_left = state.first_wait;
    if (round.blocking) fresh.link = round.learning.last_link();
    fresh.measured = round.learning.measurements();
    state = fresh;
  }
  if (round.blocking && state.carried) state.link = round.learning.last_link();
  round.computed_s = state.outside_s < 0 ? -1 : round.outside_s - state.outside_s;
  state.outside_s = round.outside_s;
  if (!is_time(round)) {
    ++state.calls;
    co_return;
  }
  AllreduceCall& call = round.call;
  round.met = true;
  SyncRecord record = record_of(round);
  ProbeScratch::of(call);               // allocate now: nothing may be allocated after the exchange
  static_cast<void>(ask(call, state));  // likewise put a coroutine frame into the pool
  co_await agree_max(call, record.values);
  const RoundTimes times = read_times(round, [&](int rank, SyncRecord::Field field) {
    return agreed_from(call, rank, field, SyncRecord::fields);
  });
  round.sent = allgather_sent(call.shape, static_cast<std::int64_t>(sizeof record.values));
  use(round, record, times);
  state.arrival = arrival_of(round);
  state.together = true;
  if (round.blocking)
    round.learning.end_round(state.link, static_cast<std::int64_t>(record[SyncRecord::pause]));
  if (state.asked_bytes == 0) co_return;
  co_await ask(call, state);
  round.sent = round.sent + sent_in_segments(state.asked_bytes, kEagerBytes);
}

void begin_telemetry(SyncRound& round, Telemetry& telemetry) {
  const SyncRecord record = record_of(round);
  const auto fields = round.call.comm.rank() == 0 ? SyncRecord::fields : SyncRecord::own_fields;
  telemetry.begin(round.call.comm, std::as_bytes(std::span(record.values).first(fields)));
}

void end_telemetry(SyncRound& round, const Telemetry& telemetry) {
  const auto of_rank = [&](int rank, SyncRecord::Field field) {
    double value = 0;
    std::memcpy(&value, telemetry.of(rank).data() + field * sizeof value, sizeof value);
    return value;
  };
  SyncRecord record;
  std::memcpy(record.values.data(), telemetry.of(0).data(), sizeof record.values);
  for (int rank = 1; rank < round.call.comm.ranks(); ++rank)
    for (const auto field : {SyncRecord::disturbed, SyncRecord::live})
      record[field] = std::max(record[field], of_rank(rank, field));
  use(round, record, read_times(round, of_rank));
  if (round.blocking) round.learning.note_link(round.site.sync.link);
}

}  // namespace pliant

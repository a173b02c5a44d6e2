#include "runtime/learning.hpp"

#include <mpi.h>

#include <algorithm>
#include <cmath>
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

/// Finds stragglers from the arrivals at the previous round. Returns the time of the call after it [s].
double look_who_is_late(SyncRound& round) {
  AllreduceCall& call = round.call;
  Stragglers& stragglers = round.learning.stragglers();
  const Straggler before = stragglers.latest();
  int rank = 0;
  for (RoundArrival& of : stragglers.arrivals()) {
    of = {agreed_from(call, rank, SyncRecord::waited, SyncRecord::fields),
          agreed_from(call, rank, SyncRecord::computed, SyncRecord::fields),
          agreed_from(call, rank, SyncRecord::sample, SyncRecord::fields)};
    ++rank;
  }
  const LinkModel& link = round.site.sync.rounds > 0 ? round.site.sync.link : round.input.model->link;
  const double own_s = sync_round_s(call.comm.ranks(), link);
  if (stragglers.observe(own_s)) log_change(round, stragglers.latest(), before);
  return call_time_s(stragglers.arrivals(), own_s);
}

/// This rank's record of the round that ends now, without the time that the program spent outside meanwhile.
RoundArrival arrival_of(const SyncRound& round, double computed_s) {
  if (computed_s < 0) return {};
  const double away_s = round.outside.total_s() - round.outside_s;
  return {MPI_Wtime() - round.begin_s - away_s, computed_s};
}

/// Rank 0: the decision for this call site until the next round.
SyncRecord proposed(SyncRound& round, Learner& learner) {
  const int ranks = round.input.shape.ranks;
  Proposal proposal = propose(round.site.sync, round.input, learner);
  log_change(round, learner, proposal.taken, proposal.why);
  if (round.blocking) {
    RoundBudget& rounds = round.learning.rounds();
    const double cost_s = sync_round_cost_s(ranks, learner.model().link);
    rounds.note_round(cost_s);
    proposal.record[SyncRecord::pause] = static_cast<double>(rounds.calls_to_wait(cost_s));
  }
  return proposal.record;
}

/// Does this call hold a sync round? Counts the call; all ranks count the same calls.
bool is_time(SyncRound& round) {
  SyncState& state = round.site.sync;
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
  const double computed_s = state.outside_s < 0 ? -1 : round.outside_s - state.outside_s;
  state.outside_s = round.outside_s;
  if (!is_time(round)) {
    ++state.calls;
    co_return;
  }
  AllreduceCall& call = round.call;
  Learner* const learner = call.comm.rank() == 0 ? round.learning.learner() : nullptr;
  SyncRecord record;
  if (learner != nullptr) record = proposed(round, *learner);
  record[SyncRecord::sample] = state.sample_s;
  record[SyncRecord::disturbed] = state.sampled != nullptr && state.sample_s <= 0 ? 1 : 0;
  record[SyncRecord::message] = state.message_s;
  record[SyncRecord::waited] = state.arrival.waited_s;
  record[SyncRecord::computed] = state.arrival.computed_s;
  record[SyncRecord::live] = round.any_live ? 1 : 0;
  ProbeScratch::of(call);               // allocate now: nothing may be allocated after the exchange
  static_cast<void>(ask(call, state));  // likewise put a coroutine frame into the pool
  co_await agree_max(call, record.values);
  state.arrival = arrival_of(round, computed_s);
  const double call_s = look_who_is_late(round);
  round.sent = allgather_sent(call.shape, static_cast<std::int64_t>(sizeof record.values));
  if (learner != nullptr) learn(state, record, *learner, call.comm.ranks(), call_s);
  take(state, record, *round.input.model);
  round.site.decision.forget();
  if (round.blocking)
    round.learning.end_round(state.link, static_cast<std::int64_t>(record[SyncRecord::pause]));
  round.any_live = record[SyncRecord::live] > 0;
  round.met = true;
  if (state.asked_bytes == 0) co_return;
  co_await ask(call, state);
  round.sent = round.sent + sent_in_segments(state.asked_bytes, kEagerBytes);
}

}  // namespace pliant

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
  const CallSite& site = round.site;
  if (round.logger == nullptr || site.algorithm == taken.algorithm) return;
  std::string text =
      std::string(round.tensor) + ": " +
      (site.algorithm != nullptr ? std::string(site.algorithm->name) + " -> " : std::string()) +
      std::string(taken.algorithm->name) + " (" + reason_of(why) + "), predicted " +
      std::to_string(taken.predicted_s * 1e3) + " ms";
  if (site.sample_s > 0) text += ", measured before " + std::to_string(site.sample_s * 1e3) + " ms";
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
  const LinkModel& link = round.site.rounds > 0 ? round.site.link : round.input.model->link;
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
  Proposal proposal = propose(round.site, round.input, learner);
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
  CallSite& site = round.site;
  const bool open = !round.blocking || round.learning.is_open();
  if (site.calls_left == 0) return open || site.at_once;
  --site.calls_left;
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
Task ask(AllreduceCall& call, CallSite& site) {
  const int rank = call.comm.rank();
  const int ranks = call.comm.ranks();
  std::byte* const room = ProbeScratch::of(call);
  const std::int64_t pieces = segments_of(site.asked_bytes, kEagerBytes);
  const auto bytes = [&](std::int64_t i) {
    return static_cast<std::size_t>(std::min(kEagerBytes, site.asked_bytes - i * kEagerBytes));
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
  site.message_s = MPI_Wtime() - begin_s;
}

}  // namespace

CallSite& Learning::blocking_call_site(std::int64_t count, ElementType type, ReduceOp op) {
  const Kind kind{count, type, op};
  CallSite* const known = sites_.find(kind);
  return known != nullptr ? *known : sites_.add(kind, {});
}

void Learning::begin(const CostModel& measured, const Communicator& comm) {
  if (comm.rank() == 0) learner_ = std::make_unique<Learner>(measured);
  sites_.clear();
  stragglers_.begin(comm.ranks());
  rounds_ = {};
  closed_calls_ = 0;
  last_link_ = {};
  ++measurements_;
}

void Learning::forget() {
  sites_.for_each([](const Kind&, CallSite& site) { site.last.valid = false; });
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

void Learning::note_call(double predicted_s) {
  if (learner_ == nullptr) return;
  rounds_.note_call(predicted_s, learner_->drift().level() > RoundShares::kSuspicion
                                     ? RoundShares::kSuspicious
                                     : RoundShares::kUsual);
}

int Learning::first_wait(const ChoiceInput& call, std::int64_t made) const {
  constexpr std::int64_t kHurried = RoundBudget::kFreeRounds / kFirstRounds;
  if (learner_ == nullptr || made < kHurried) return 0;
  ChoiceInput learned = call;
  learned.outstanding = false;
  learned.model = &learner_->model();
  learned.corrections = &learner_->corrections();
  const Decision decision = decide_exact(learned, "");
  return calls_between(decision.candidates.items[0], learner_->model().link, call.shape.ranks,
                       {.had = kEarlyRounds, .change = 0});
}

Task hold_sync_round(SyncRound& round) {
  CallSite& site = round.site;
  if (site.measured != round.learning.measurements()) {
    CallSite fresh;
    fresh.first_wait = fresh.calls_left = site.first_wait;
    if (round.blocking) fresh.link = round.learning.last_link();
    fresh.measured = round.learning.measurements();
    site = fresh;
  }
  const double computed_s = site.outside_s < 0 ? -1 : round.outside_s - site.outside_s;
  site.outside_s = round.outside_s;
  if (!is_time(round)) {
    ++site.calls;
    co_return;
  }
  AllreduceCall& call = round.call;
  Learner* const learner = call.comm.rank() == 0 ? round.learning.learner() : nullptr;
  SyncRecord record;
  if (learner != nullptr) record = proposed(round, *learner);
  record[SyncRecord::sample] = site.sample_s;
  record[SyncRecord::disturbed] = site.sampled != nullptr && site.sample_s <= 0 ? 1 : 0;
  record[SyncRecord::message] = site.message_s;
  record[SyncRecord::waited] = site.arrival.waited_s;
  record[SyncRecord::computed] = site.arrival.computed_s;
  record[SyncRecord::live] = round.any_live ? 1 : 0;
  ProbeScratch::of(call);              // allocate now: nothing may be allocated after the exchange
  static_cast<void>(ask(call, site));  // likewise put a coroutine frame into the pool
  co_await agree_max(call, record.values);
  site.arrival = arrival_of(round, computed_s);
  const double call_s = look_who_is_late(round);
  round.sent = allgather_sent(call.shape, static_cast<std::int64_t>(sizeof record.values));
  if (learner != nullptr) learn(site, record, *learner, call.comm.ranks(), call_s);
  take(site, record, *round.input.model);
  if (round.blocking)
    round.learning.end_round(site.link, static_cast<std::int64_t>(record[SyncRecord::pause]));
  round.any_live = record[SyncRecord::live] > 0;
  round.met = true;
  if (site.asked_bytes == 0) co_return;
  co_await ask(call, site);
  round.sent = round.sent + sent_in_segments(site.asked_bytes, kEagerBytes);
}

}  // namespace pliant

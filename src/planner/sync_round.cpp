#include "planner/sync_round.hpp"

#include <algorithm>
#include <cmath>

#include "collectives/exchange.hpp"
#include "collectives/sparse/messages.hpp"

namespace pliant {
namespace {

/// [s] of a sync round besides its messages: about the time that it takes two ranks that share memory.
constexpr double kRoundWork_s = 4e-6;
constexpr int kMostCalls = 1024;  ///< between two sync rounds
/// [s] of a short message for its sender and its receiver, about.
constexpr double kMessage_s = 2e-6;
/// [s] of rank 0's learning and deciding, and of every rank's deciding anew: about three decisions of an exact call. With an
/// adaptive policy about one of those. docs/results/2026-11-23-decision-time.md
constexpr double kDecision_s = 15e-6;
constexpr double kAdaptiveDecision_s = 130e-6;

/// Decides with the learned model; each candidate has the variance of its formula.
Decision decide_at_sync_round(const ChoiceInput& call, const Learner& learner) {
  ChoiceInput learned = call;
  learned.model = &learner.model();
  learned.corrections = &learner.corrections();
  return decide(learned);
}

}  // namespace

double sync_round_s(int ranks, const LinkModel& link) {
  return allgather_s(ranks, sizeof(SyncRecord), link);
}

double sync_round_cost_s(int ranks, const LinkModel& link) {
  return sync_round_s(ranks, link) + kRoundWork_s;
}

bool is_settled(const CandidateList& candidates) {
  constexpr double kApart = 2;
  const std::span<const Candidate> all = candidates.all();
  return all.size() > 1 && all[1].predicted_s > kApart * all[0].predicted_s;
}

double RoundShares::of(const CandidateList& candidates, double change) {
  if (is_settled(candidates)) return kSettled;
  return change > kSuspicion ? kSuspicious : kUsual;
}

int calls_between(const Candidate& taken, const CandidateList& candidates, double cost_s,
                  const RoundsSoFar& rounds) {
  if (rounds.had < kFirstRounds || !(taken.predicted_s > 0)) return 0;
  const bool unknown = taken.variance > ChoiceRules::kUnknown * ChoiceRules::kUnknown;
  const double share = unknown && rounds.had < kEarlyRounds ? RoundShares::kUnknown
                                                            : RoundShares::of(candidates, rounds.change);
  return static_cast<int>(std::clamp(cost_s / (share * taken.predicted_s) - 1, 0.0, double{kMostCalls}));
}

int calls_per_telemetry(const AllreduceAlgorithm& algorithm, const ChoiceInput& call, std::int64_t kept,
                        double call_s) {
  const int ranks = call.shape.ranks;
  if (!algorithm.carries || ranks > Telemetry::kMostRanks || kept < ranks || !(call_s > 0)) return 0;
  const double decision_s = call.may_lose && call.policy->adapts ? kAdaptiveDecision_s : kDecision_s;
  const double bytes =
      static_cast<double>((ranks * SyncRecord::own_fields + SyncRecord::fields) * sizeof(double));
  const double cost_s = decision_s + (ranks - 1) * kMessage_s + bytes * call.model->link.beta_s_per_byte;
  return static_cast<int>(
      std::clamp(std::ceil(cost_s / (kTelemetryShare * call_s)), 1.0, double{kMostCalls}));
}

void learn(const SyncState& state, const SyncRecord& record, Learner& learner, int ranks,
           const RoundTimes& times) {
  if (state.sampled != nullptr && times.call_s > 0 && record[SyncRecord::disturbed] == 0)
    learner.learn(*state.sampled, state.shape, times.call_s, state.calls);
  if (state.asked_bytes > 0 && times.message_s > 0)
    learner.learn_message(state.asked_bytes, ranks, times.message_s);
}

Proposal propose(const SyncState& state, const ChoiceInput& call, Learner& learner) {
  Proposal proposal;
  SyncRecord& record = proposal.record;
  const Decision decision = decide_at_sync_round(call, learner);
  AllreduceShape shape = call.shape;
  shape.kept = decision.lossy_kept > 0 ? decision.lossy_kept : decision.kept;
  const Choice choice = learner.choose(decision.candidates.all(), shape, state.calls);
  const Candidate& taken = proposal.taken = decision.candidates.items[choice.index];
  proposal.why = choice.why;
  const auto place = std::find(kAlgorithms.begin(), kAlgorithms.end(), taken.algorithm) - kAlgorithms.begin();
  const bool explores = choice.why == Why::tries || choice.why == Why::explores;
  record[SyncRecord::algorithm] = static_cast<double>(place) + 1;
  shape.kept = taken.kept;
  record[SyncRecord::correction] = learner.corrections().of(static_cast<std::size_t>(place), shape).factor;
  record[SyncRecord::alpha] = learner.model().link.alpha_s;
  record[SyncRecord::beta] = learner.model().link.beta_s_per_byte;
  record[SyncRecord::alpha_error] = learner.estimator().alpha_error();
  record[SyncRecord::beta_error] = learner.estimator().beta_error();
  record[SyncRecord::change] = learner.drift().level();
  record[SyncRecord::regret] = taken.predicted_s - decision.candidates.items[0].predicted_s;
  const bool settled = is_settled(decision.candidates);
  record[SyncRecord::asked] =
      settled ? 0 : static_cast<double>(learner.wanted_message(call.shape.ranks).value_or(0));
  // What is tried stays in force until the ranks meet again.
  const bool at_once = explores || record[SyncRecord::asked] > 0;
  const int had = state.first_wait > 0 ? kEarlyRounds : state.rounds;
  const LinkModel& link = learner.model().link;
  record[SyncRecord::at_once] = at_once ? 1 : 0;
  record[SyncRecord::calls] =
      at_once ? 0
              : calls_between(taken, decision.candidates, sync_round_cost_s(call.shape.ranks, link),
                              {.had = had, .change = record[SyncRecord::change]});
  return proposal;
}

void take(SyncState& state, const SyncRecord& record, const CostModel& measured) {
  const auto place = static_cast<std::size_t>(record[SyncRecord::algorithm]);
  state.algorithm = place > 0 && place <= kAlgorithms.size() ? kAlgorithms[place - 1] : nullptr;
  state.correction = record[SyncRecord::correction];
  state.link = {.alpha_s = record[SyncRecord::alpha],
                .beta_s_per_byte = record[SyncRecord::beta],
                .gap_s = std::min(measured.link.gap_s, record[SyncRecord::alpha])};
  state.alpha_error = record[SyncRecord::alpha_error];
  state.beta_error = record[SyncRecord::beta_error];
  state.change = record[SyncRecord::change];
  state.regret_s = record[SyncRecord::regret];
  state.calls_left = static_cast<int>(record[SyncRecord::calls]);
  state.at_once = record[SyncRecord::at_once] > 0;
  state.calls = 1;
  state.asked_bytes = static_cast<std::int64_t>(record[SyncRecord::asked]);
  state.sampled = nullptr;
  state.sample_s = state.message_s = 0;
  ++state.rounds;
}

void put_in_force(const SyncState& state, ChoiceInput& input, CostModel& model) {
  if (state.link.alpha_s > 0) model.link = state.link;
  input.model = &model;
  input.preferred = state.algorithm;
  input.preferred_factor = state.correction;
}

}  // namespace pliant

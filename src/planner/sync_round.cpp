#include "planner/sync_round.hpp"

#include <algorithm>

#include "collectives/paper_costs.hpp"
#include "collectives/sparse/messages.hpp"

namespace pliant {
namespace {

/// [s] of a sync round besides its messages: about the time that it takes two ranks that share memory.
constexpr double kRoundWork_s = 4e-6;
constexpr int kMostCalls = 1024;  ///< between two sync rounds

/// Decides with the learned model; each candidate has the variance of its formula.
Decision decide_at_sync_round(const ChoiceInput& call, const Learner& learner) {
  ChoiceInput learned = call;
  learned.model = &learner.model();
  learned.distinct = true;
  learned.corrections = &learner.corrections();
  return decide(learned);
}

}  // namespace

double sync_round_s(int ranks, const LinkModel& link) {
  return paper::allgather_s(ranks, static_cast<double>(sizeof(SyncRecord)), link);
}

double sync_round_cost_s(int ranks, const LinkModel& link) {
  return sync_round_s(ranks, link) + kRoundWork_s;
}

int calls_between(const Candidate& taken, const LinkModel& link, int ranks, const RoundsSoFar& rounds) {
  if (rounds.had < kFirstRounds || !(taken.predicted_s > 0)) return 0;
  const bool unknown = taken.variance > ChoiceRules::kUnknown * ChoiceRules::kUnknown;
  const double cost_s = sync_round_cost_s(ranks, link);
  const double share = unknown && rounds.had < kEarlyRounds      ? RoundShares::kUnknown
                       : rounds.change > RoundShares::kSuspicion ? RoundShares::kSuspicious
                                                                 : RoundShares::kUsual;
  return static_cast<int>(std::clamp(cost_s / (share * taken.predicted_s) - 1, 0.0, double{kMostCalls}));
}

void learn(CallSite& site, const SyncRecord& record, Learner& learner, int ranks, double call_s) {
  if (site.sampled != nullptr && call_s > 0 && record[SyncRecord::disturbed] == 0)
    learner.learn(*site.sampled, site.shape, call_s, site.calls);
  if (site.asked_bytes > 0 && record[SyncRecord::message] > 0)
    learner.learn_message(site.asked_bytes, ranks, record[SyncRecord::message]);
}

Proposal propose(const CallSite& site, const ChoiceInput& call, Learner& learner) {
  Proposal proposal;
  SyncRecord& record = proposal.record;
  const Decision decision = decide_at_sync_round(call, learner);
  AllreduceShape shape = call.shape;
  shape.kept = decision.lossy_kept > 0 ? decision.lossy_kept : decision.kept;
  const Choice choice = learner.choose(decision.candidates.all(), shape, site.calls);
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
  record[SyncRecord::asked] = static_cast<double>(learner.wanted_message(call.shape.ranks).value_or(0));
  // What is tried stays in force until the ranks meet again.
  const bool at_once = explores || record[SyncRecord::asked] > 0;
  const int had = site.first_wait > 0 ? kEarlyRounds : site.rounds;
  const LinkModel& link = learner.model().link;
  record[SyncRecord::at_once] = at_once ? 1 : 0;
  record[SyncRecord::calls] = at_once ? 0
                                      : calls_between(taken, link, call.shape.ranks,
                                                      {.had = had, .change = record[SyncRecord::change]});
  return proposal;
}

void take(CallSite& site, const SyncRecord& record, const CostModel& measured) {
  const auto place = static_cast<std::size_t>(record[SyncRecord::algorithm]);
  site.algorithm = place > 0 && place <= kAlgorithms.size() ? kAlgorithms[place - 1] : nullptr;
  site.correction = record[SyncRecord::correction];
  site.link = {.alpha_s = record[SyncRecord::alpha],
               .beta_s_per_byte = record[SyncRecord::beta],
               .gap_s = std::min(measured.link.gap_s, record[SyncRecord::alpha])};
  site.alpha_error = record[SyncRecord::alpha_error];
  site.beta_error = record[SyncRecord::beta_error];
  site.change = record[SyncRecord::change];
  site.regret_s = record[SyncRecord::regret];
  site.calls_left = static_cast<int>(record[SyncRecord::calls]);
  site.at_once = record[SyncRecord::at_once] > 0;
  site.calls = 1;
  site.asked_bytes = static_cast<std::int64_t>(record[SyncRecord::asked]);
  site.sampled = nullptr;
  site.last.valid = false;
  site.sample_s = site.message_s = 0;
  ++site.rounds;
}

CostModel model_of(const CallSite& site, const CostModel& measured) {
  CostModel model = measured;
  if (site.link.alpha_s > 0) model.link = site.link;
  return model;
}

Decision decide_alone(const ChoiceInput& input) {
  Decision decision = decide(input);
  AllreduceShape shape = input.shape;
  shape.kept = decision.kept;
  if (!decision.algorithm->exact) shape.index_codec = &index_codec_for(shape, *input.model);
  decision.shape = tuned_for(*decision.algorithm, shape, *input.model);
  return decision;
}

Decision decide_in(CallSite& site, ChoiceInput input) {
  input.preferred = site.algorithm;
  input.preferred_factor = site.correction;
  CallSite::LastDecision& last = site.last;
  if (last.valid && last.may_lose == input.may_lose && last.outstanding == input.outstanding &&
      last.resumable == input.resumable)
    return last.decision;
  Decision decision = decide_alone(input);
  const bool lasts = !input.may_lose || input.policy == &fixed_policy;
  last = {lasts, input.may_lose, input.outstanding, input.resumable, decision};
  return decision;
}

}  // namespace pliant

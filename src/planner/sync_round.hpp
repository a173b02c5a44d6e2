// A sync round: the record that ranks exchange before some calls of a kind, and what rank 0 proposes in it. Only
// rank 0 holds the learner. Pure: runtime/learning.cpp sends the records.
#pragma once

#include <array>

#include "planner/decision.hpp"
#include "planner/learning/learner.hpp"
#include "planner/sync_state.hpp"

namespace pliant {

/// The record that each rank sends in a sync round. Ranks use the maximum of each field, except for `sample`,
/// `waited` and `computed`, which are read per rank. Only rank 0 sends a decision: others send 0.
struct SyncRecord {
  enum Field {
    sample,
    disturbed,
    message,
    algorithm,
    correction,
    alpha,
    beta,
    alpha_error,
    beta_error,
    change,
    regret,
    calls,
    asked,
    waited,
    computed,
    at_once,
    pause,
    live,
    fields
  };
  std::array<double, fields> values{};
  double& operator[](Field field) { return values[field]; }
  double operator[](Field field) const { return values[field]; }
};

/// Is the second-best candidate so slow that no plausible error of the model would alter the decision?
bool is_settled(const CandidateList& candidates);

/// Shares of the time of calls that sync rounds may take.
struct RoundShares {
  static constexpr double kUsual = 0.01;
  static constexpr double kSettled = 0.0025;   ///< while the decision is settled
  static constexpr double kSuspicious = 0.05;  ///< while a change of the network is suspected
  static constexpr double kUnknown = 0.1;      ///< at first, while the current algorithm's formula is unknown
  /// Level of the change detector (0 to 1) above which a change is suspected.
  static constexpr double kSuspicion = 0.3;

  /// The share once the first rounds are over. `change`: level of the change detector, 0 to 1.
  static double of(const CandidateList& candidates, double change);
};
/// The first calls of a kind each hold a sync round, because the model gains most from the first samples.
inline constexpr int kFirstRounds = 4;
inline constexpr int kEarlyRounds = 16;  ///< RoundShares::kUnknown ends after this many rounds

/// The sync rounds of one kind of call so far.
struct RoundsSoFar {
  int had = 0;
  double change = 0;  ///< level of the change detector, 0 to 1
};

/// [s] of a sync round's messages.
double sync_round_s(int ranks, const LinkModel& link);
/// [s] of a sync round in total.
double sync_round_cost_s(int ranks, const LinkModel& link);

/// Number of calls between two sync rounds while `taken`, one of `candidates`, is in force, such that rounds take
/// their share of the time. 0 for the first rounds.
int calls_between(const Candidate& taken, const CandidateList& candidates, double cost_s,
                  const RoundsSoFar& rounds);

/// Rank 0 learns from the measurements since the last round. `call_s`: time of the sampled call [s].
void learn(const SyncState& state, const SyncRecord& record, Learner& learner, int ranks, double call_s);

/// The decision of rank 0 for the calls of a kind until the next round.
struct Proposal {
  Candidate taken;
  Why why = Why::cheapest;
  SyncRecord record;
};
/// Decides with the learned model, and spends from the budget for exploration.
Proposal propose(const SyncState& state, const ChoiceInput& call, Learner& learner);

/// Puts the proposal of rank 0 in force, on all ranks. `measured`: the model as measured.
void take(SyncState& state, const SyncRecord& record, const CostModel& measured);

/// Makes decisions of this kind of call use what is in force: the link in `model`, which `input` refers to, and
/// the algorithm.
void put_in_force(const SyncState& state, ChoiceInput& input, CostModel& model);

}  // namespace pliant

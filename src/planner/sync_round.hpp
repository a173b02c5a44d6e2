// The records by which ranks learn from calls, and what rank 0 proposes in its own. Only rank 0 holds the learner. The
// records ride on the messages of a call, as telemetry, or ranks exchange them in a sync round before a call. Pure:
// runtime/learning.cpp sends them.
#pragma once

#include <array>

#include "planner/decision.hpp"
#include "planner/learning/learner.hpp"
#include "planner/sync_state.hpp"

namespace pliant {

/// The record of one rank. Ranks use the maximum of each field, except for `sample`, `message`, `waited` and `computed`,
/// which are read per rank. Only rank 0 sends a decision: in a sync round others send 0, as telemetry they leave it out.
struct SyncRecord {
  enum Field {
    sample,
    disturbed,
    message,
    waited,
    computed,
    live,
    own_fields,  ///< number of fields that each rank has
    algorithm = own_fields,
    correction,
    alpha,
    beta,
    alpha_error,
    beta_error,
    change,
    regret,
    calls,
    asked,
    at_once,
    pause,
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

/// Share of the time of calls that telemetry may take, with rank 0's decisions.
inline constexpr double kTelemetryShare = 0.005;
/// Number of calls from one with telemetry to the next, such that it takes its share of calls that take `call_s` [s]. 0 if
/// such calls carry none. Equal on all ranks.
int calls_per_telemetry(const AllreduceAlgorithm& algorithm, const ChoiceInput& call, std::int64_t kept,
                        double call_s);

/// The measurements since the last records, over all ranks.
struct RoundTimes {
  double call_s = 0;  ///< [s] of the sampled call
  /// [s] Mean of the ranks' times of the probe message; 0 if a rank has none. Each rank waits for the rank before it, so
  /// what one begins late cancels out around the ring.
  double message_s = 0;
};
/// Rank 0 learns from them.
void learn(const SyncState& state, const SyncRecord& record, Learner& learner, int ranks,
           const RoundTimes& times);

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

// A communicator learns while it works. The messages of most algorithms carry telemetry: the times of the call before,
// and rank 0's decision for the next one. Where they do not, the ranks hold a sync round before some calls, in which
// they exchange the same. Only rank 0 has a learner. So all ranks decide alike, whatever the order of their starts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/log.hpp"
#include "planner/learning/compute_times.hpp"
#include "planner/learning/learner.hpp"
#include "planner/learning/round_budget.hpp"
#include "planner/learning/stragglers.hpp"
#include "planner/sync_round.hpp"
#include "runtime/call_site.hpp"

namespace pliant {

class Learning {
 public:
  /// Starts again with a newly measured model. Requests notice by measurements().
  void begin(const CostModel& measured, const Communicator& comm);
  /// Rank 0, after begin(): continues with a loaded learner.
  void go_on(std::unique_ptr<Learner> learner) { learner_ = std::move(learner); }
  std::int64_t measurements() const { return measurements_; }

  /// May this blocking call hold a sync round? Counts the call. Equal on all ranks.
  bool is_open();
  /// After a sync round of a blocking call, on all ranks: stores rank 0's link, and closes the next `calls`
  /// calls to sync rounds.
  void end_round(const LinkModel& link, std::int64_t calls);
  /// The initial link of new kinds of calls; alpha is 0 before the first sync round.
  const LinkModel& last_link() const { return last_link_; }
  /// After telemetry of a blocking call, on all ranks: stores rank 0's link.
  void note_link(const LinkModel& link) { last_link_ = link; }
  /// Rank 0: the budget of sync rounds.
  RoundBudget& rounds() { return rounds_; }
  /// Rank 0: adds the predicted time of a blocking call to the budget.
  void note_call(const Decision& decision);
  /// Rank 0: number of calls before the first sync round of a request, after `made` earlier requests. The
  /// first few requests begin with sync rounds. Later ones must first run long enough to pay for one.
  int first_wait(const ChoiceInput& call, std::int64_t made) const;

  /// Rank 0: the learner; null elsewhere, and before begin().
  Learner* learner() { return learner_.get(); }
  /// Stragglers over all kinds of calls. Ranks may differ for a while, so no decision may depend on it.
  Stragglers& stragglers() { return stragglers_; }

 private:
  RoundBudget rounds_;
  LinkModel last_link_{};
  std::int64_t closed_calls_ = 0;  ///< blocking calls before the next sync round may be held
  std::unique_ptr<Learner> learner_;
  Stragglers stragglers_;
  std::int64_t measurements_ = 0;
};

/// The arguments and results of a call's sync round, and of its telemetry.
struct SyncRound {
  AllreduceCall& call;
  CallSite& site;
  Learning& learning;
  ChoiceInput input;          ///< of the call
  const CostModel& measured;  ///< the model as measured
  const Logger* logger;       ///< on rank 0 if it logs decisions; else null
  const char* tensor;         ///< its name, for messages
  double begin_s;             ///< [s] arrival of this rank
  double outside_s;           ///< outside.total_s() at begin_s
  const OutsideTime& outside;
  bool blocking;           ///< a blocking call: all ranks make these in one order
  bool any_live;           ///< in: has this rank requests; out, if `met`: has any rank
  Traffic sent{};          ///< out: by the sync round
  bool met = false;        ///< out: a sync round was held
  double computed_s = -1;  ///< out: [s] of the program since the previous such call; < 0: there was none

  FramePool& frames() { return call.workspace.frames; }
};

/// Holds a sync round if one is due: exchanges samples and the decision, and sends a probe message if rank 0
/// wants one. Collective.
Task hold_sync_round(SyncRound& round);

/// Before a call that carries telemetry: begins it with this rank's record.
void begin_telemetry(SyncRound& round, Telemetry& telemetry);
/// After it, with the records of all ranks: learns, and puts rank 0's decision in force.
void end_telemetry(SyncRound& round, const Telemetry& telemetry);

}  // namespace pliant

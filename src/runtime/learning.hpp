// A communicator learns while it works. Before some calls of a kind the ranks hold a sync round: they
// exchange the times of the last sampled call, and rank 0 sends its decision. Only rank 0 has a learner. So
// all ranks decide alike, whatever the order of their starts, and all begin the call after a round together.
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

/// The arguments and results of a call's sync round.
struct SyncRound {
  AllreduceCall& call;
  CallSite& site;
  Learning& learning;
  ChoiceInput input;     ///< of the call; the model as measured
  const Logger* logger;  ///< on rank 0 if it logs decisions; else null
  const char* tensor;    ///< its name, for messages
  double begin_s;        ///< [s] arrival of this rank
  double outside_s;      ///< outside.total_s() at begin_s
  const OutsideTime& outside;
  bool blocking;     ///< a blocking call: all ranks make these in one order
  bool any_live;     ///< in: has this rank requests; out, if `met`: has any rank
  Traffic sent{};    ///< out: by the sync round
  bool met = false;  ///< out: a sync round was held

  FramePool& frames() { return call.workspace.frames; }
};

/// Holds a sync round if one is due: exchanges samples and the decision, and sends a probe message if rank 0
/// wants one. Collective.
Task hold_sync_round(SyncRound& round);

}  // namespace pliant

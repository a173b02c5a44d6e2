// How a communicator learns while it works. Ranks meet before some calls of a lane (lane.hpp): they tell one
// another what the last sample took, and rank 0, which alone holds the learner, tells what it has decided
// since. So ranks decide alike whatever the order of their starts, and a call after a meeting is one that all
// ranks begin together.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "api/compute_times.hpp"
#include "api/decision.hpp"
#include "api/lane.hpp"
#include "api/learner.hpp"
#include "api/round_budget.hpp"
#include "core/log.hpp"
#include "core/recent_map.hpp"
#include "netprobe/stragglers.hpp"

namespace pliant {

class Learning {
 public:
  /// The lane of blocking calls of such a kind. Of more than kLanes kinds, the one that came longest ago is
  /// forgotten: on all ranks, which make blocking calls in one order.
  Lane& blocking_lane(std::int64_t count, ElementType type, ReduceOp op);

  /// Begin anew with a model that was measured. Lanes find out for themselves.
  void begin(const CostModel& measured, const Communicator& comm);
  /// Rank 0, after begin(): go on with what another learned.
  void go_on(std::unique_ptr<Learner> learner) { learner_ = std::move(learner); }
  /// The plan of blocking calls has changed: decide anew.
  void forget();
  std::int64_t measurements() const { return measurements_; }

  /// To be asked before each blocking call that has a lane: may its ranks meet? Counts it. Equal on all
  /// ranks.
  bool is_open();
  /// On all ranks, at a meeting of a blocking call, where rank 0 told its link: so many are not to meet after
  /// it.
  void end_round(const LinkModel& link, std::int64_t calls);
  /// What kinds that did not meet yet begin with; alpha is 0 before the first meeting.
  const LinkModel& last_link() const { return last_link_; }
  /// Rank 0's account, by which it tells the others when to meet.
  RoundBudget& rounds() { return rounds_; }
  /// A blocking call is to take so long.
  void note_call(double predicted_s);
  /// Rank 0: calls before the first meeting of a request, of which `made` were before. The first few
  /// requests' first meetings follow one another at once; those of later ones must have been earned by the
  /// request.
  int first_wait(const DecisionInput& call, std::int64_t made) const;

  /// Rank 0: the learner; null elsewhere, and before begin().
  Learner* learner() { return learner_.get(); }
  /// Of all lanes. Nothing is decided by it: ranks that meet in another order may differ for a while.
  Stragglers& stragglers() { return stragglers_; }

 private:
  static constexpr std::size_t kLanes = 4096;
  struct Kind {
    std::int64_t count;  ///< elements
    ElementType type;
    ReduceOp op;
    std::uint64_t hash() const {
      return mixed_hash(static_cast<std::uint64_t>(count),
                        static_cast<std::uint64_t>(type) * kReduceOps + static_cast<std::uint64_t>(op));
    }
    friend bool operator==(const Kind&, const Kind&) = default;
  };
  RecentMap<Kind, Lane> lanes_{kLanes};
  RoundBudget rounds_;
  LinkModel last_link_{};
  std::int64_t closed_calls_ = 0;  ///< blocking ones before ranks may meet again
  std::unique_ptr<Learner> learner_;
  Stragglers stragglers_;
  std::int64_t measurements_ = 0;
};

/// What a call of a lane has to know of its meeting.
struct Meeting {
  AllreduceCall& call;
  Lane& lane;
  Learning& learning;
  DecisionInput input;   ///< of the call; the model as measured
  const Logger* logger;  ///< on rank 0, where decisions are told; else null
  const char* tensor;    ///< its name, for messages
  double begin_s;        ///< [s] when this rank came
  double outside_s;      ///< outside.total_s() then
  const OutsideTime& outside;
  bool blocking;     ///< of a blocking call: all ranks make those in one order
  bool any_live;     ///< in: has this rank requests, out: has any rank; where `met`
  Traffic sent{};    ///< out: by the meeting
  bool met = false;  ///< out

  FramePool& frames() { return call.workspace.frames; }
};

/// Rank 0: a decision by what was learned, with what every candidate's formula may be wrong by.
Decision decide_at_meeting(const DecisionInput& call, const Learner& learner);

/// Of a lane.
struct MeetingsSoFar {
  int had = 0;
  double alarm = 0;  ///< how near one is: 0 to 1
};

/// Calls until the next meeting where `taken` is in force, so that meetings cost their share of the time. The
/// first follow one another at once.
int calls_between(const Candidate& taken, const LinkModel& link, int ranks, const MeetingsSoFar& meetings);

/// If it is time: sample, decision, and a message that only teaches. Collective.
Task meet(Meeting& meeting);

/// The model by which a lane's calls are decided.
CostModel model_of(const Lane& lane, const CostModel& measured);

/// The decision for a call of a lane, with the shape as the algorithm is to be given it. `input` with
/// model_of().
Decision decide_in(Lane& lane, DecisionInput input);

}  // namespace pliant

// How a communicator learns while it works. Ranks meet before some calls of a lane (lane.hpp): they tell one
// another what the last sample took, and rank 0, which alone holds the learner, tells what it has decided
// since. So ranks decide alike whatever the order of their starts, and a call after a meeting is one that all
// ranks begin together.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "api/compute_times.hpp"
#include "api/decision.hpp"
#include "api/lane.hpp"
#include "api/learner.hpp"
#include "core/log.hpp"
#include "netprobe/stragglers.hpp"

namespace pliant {

class Learning {
 public:
  /// The lane of blocking calls of such a length; another's place is taken if need be. After
  /// begin().
  Lane& blocking_lane(std::int64_t count, ElementType type);

  /// Begin anew with a model that was measured. Lanes find out for themselves.
  void begin(const CostModel& measured, const Communicator& comm);
  /// Rank 0, after begin(): go on with what another learned.
  void go_on(std::unique_ptr<Learner> learner) { learner_ = std::move(learner); }
  /// The plan of blocking calls has changed: decide anew.
  void forget();
  std::int64_t measurements() const { return measurements_; }

  /// Rank 0: the learner; null elsewhere, and before begin().
  Learner* learner() { return learner_.get(); }
  /// Of all lanes. Nothing is decided by it: ranks that meet in another order may differ for a while.
  Stragglers& stragglers() { return stragglers_; }

 private:
  static constexpr std::size_t kLanes = 61;
  std::vector<Lane> lanes_;  ///< [kLanes] once something was measured
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

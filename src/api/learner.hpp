// What a communicator learns from its own operations, and what it chooses by that. Pure: ranks that are told
// the same choose the same. No messages, no clock, and no allocation but for a kind of calls that is new.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "collectives/choice.hpp"
#include "collectives/correction.hpp"
#include "collectives/slope.hpp"
#include "core/recent_map.hpp"
#include "core/share_budget.hpp"
#include "netprobe/drift.hpp"
#include "netprobe/estimator.hpp"

namespace pliant {

/// What one time has taught.
struct Lesson {
  Innovation innovation;
  std::optional<Alarm> alarm;
  bool changed =
      false;  ///< decisions made before should be made again: something moved by more than a per cent
};

class Learner {
 public:
  /// Begins with a model that was measured, good to about `error` (relative).
  explicit Learner(const CostModel& measured, double error = 0.1);

  /// The model as it was measured, with the link as it is now thought to be.
  const CostModel& model() const { return model_; }
  const Corrections& corrections() const { return corrections_; }
  const LinkEstimator& estimator() const { return estimator_; }
  const DriftDetector& drift() const { return drift_; }

  /// An allreduce took `measured_s` from its last rank's start to its end; `calls` such calls were made since
  /// the last one that was told.
  Lesson learn(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape, double measured_s,
               std::int64_t calls = 1);

  /// Candidates cheapest first, at least one, of rank_candidates() with model() and corrections().
  /// `calls`: such calls since the last choice.
  Choice choose(std::span<const Candidate> candidates, const AllreduceShape& shape, std::int64_t calls = 1);

  /// Would a lone message from rank to rank teach what operations do not, because they are all of one length,
  /// or hardly depend on a number? Of so many bytes, then. Nothing: no, or not for what may be spent on it.
  /// After an alarm: three, of three lengths, whatever was known.
  std::optional<std::int64_t> wanted_message(int ranks) const;
  /// It took `one_way_s`.
  Lesson learn_message(std::int64_t bytes, int ranks, double one_way_s);

  /// The algorithm in use for calls of one kind.
  struct Place {
    std::int64_t count = -1;  ///< elements; -1: none
    ElementType type = ElementType::float32;
    int kept_class = 0;  ///< bits of k; 0 where all is sent
    bool lossy = false;  ///< a lossy one could have been
    Incumbent incumbent;
  };
  /// So many kinds are saved: those that came last.
  using Places = std::array<Place, 64>;

  /// What a state file keeps. What may be spent on trials and messages is earned anew, and the drift begins
  /// anew: they speak of the time in which they were made.
  struct State {
    LinkEstimator::State estimator;
    LinkModel link;  ///< by which it decided
    Corrections::Cells corrections{};
    std::int64_t learned = 0;  ///< as Corrections'
    Places places{};           ///< the one that came last first
  };
  State state() const;
  /// Goes on where another was, after a while in which nobody looked (kRestart). Predicts what that one did.
  /// False, and nothing done, unless it is one that state() can give.
  bool restore(const State& state);

  /// By how much of themselves alpha and beta may have moved between two runs (standard error): the most that
  /// still counts as known (LinkEstimator::kSeparated), so that one time which does not fit is believed at
  /// once, and no message asks for what is still right. Simulated, 20 calls after a restart, 10 % noise: on
  /// the same network regret is 0.41 % instead of 0.35 % with 0.1; on one half or twice as fast, messages
  /// included, 1 % instead of 4 to 6 %.
  static constexpr double kRestart = 0.3;
  /// The same of formulas: known, but to be learned anew within some ten calls.
  static constexpr double kFormulaRestart = 0.1;

 private:
  Exchange exchange_of(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape, double factor) const;
  bool blind(double error, double seen) const;
  double long_bytes() const;
  std::int64_t bytes_after_alarm() const;
  Incumbent& incumbent_of(std::span<const Candidate> candidates, const AllreduceShape& shape);
  Lesson take(const Observation& observation, bool tells_of_drift);
  double message_cost_s(std::int64_t bytes, int ranks) const;

  CostModel model_;
  LinkEstimator estimator_;
  DriftDetector drift_;
  Corrections corrections_;
  ShareBudget trials_{ChoiceRules::kTrialShare};
  ShareBudget messages_;
  struct Kind {
    std::int64_t count;
    ElementType type;
    int kept_class;
    bool lossy;
    std::uint64_t hash() const {
      return mixed_hash(
          static_cast<std::uint64_t>(count),
          (static_cast<std::uint64_t>(type) * 128 + static_cast<std::uint64_t>(kept_class)) * 2 +
              (lossy ? 1 : 0));
    }
    friend bool operator==(const Kind&, const Kind&) = default;
  };
  static constexpr std::size_t kMostKinds = 4096;
  RecentMap<Kind, Incumbent> in_use_{kMostKinds};
  Exchange last_;          ///< of the last operation
  double alpha_seen_ = 1;  ///< of the time of operations of late, what latency took: what they tell of alpha
  double beta_seen_ = 1;   ///< and transfer
  double longest_bytes_ = 0;      ///< of messages since the last alarm
  std::int64_t since_alarm_;      ///< operations
  int messages_due_ = 0;          ///< after an alarm
  std::int64_t again_bytes_ = 0;  ///< of a message that was far off; 0: none
};

}  // namespace pliant

// The learner estimates the network from the times of a communicator's operations, and chooses algorithms.
// Pure: equal input gives equal choices. It sends nothing, reads no clock, and allocates only for a new kind
// of call.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "core/recent_map.hpp"
#include "core/share_budget.hpp"
#include "planner/choice.hpp"
#include "planner/correction.hpp"
#include "planner/learning/drift.hpp"
#include "planner/learning/estimator.hpp"
#include "planner/slope.hpp"

namespace pliant {

/// The effect of one measured time on the model.
struct LearningResult {
  Innovation innovation;
  std::optional<NetworkChange> change;
  bool changed = false;  ///< a number moved by more than 1 %: earlier decisions should be made again
};

class Learner {
 public:
  /// Begins with a measured model whose link is known to about `error` (relative).
  explicit Learner(const CostModel& measured, double error = 0.1);

  /// The measured model, with the present estimate of the link.
  const CostModel& model() const { return model_; }
  const Corrections& corrections() const { return corrections_; }
  const LinkEstimator& estimator() const { return estimator_; }
  const DriftDetector& drift() const { return drift_; }

  /// Learns from an allreduce that took `measured_s` from its last rank's start to its end. `calls` such
  /// calls were made since the last one reported.
  LearningResult learn(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape, double measured_s,
                       std::int64_t calls = 1);

  /// Chooses among candidates from rank_candidates() with model() and corrections(): at least one, cheapest
  /// first. `calls`: calls of this kind since the last choice.
  Choice choose(std::span<const Candidate> candidates, const AllreduceShape& shape, std::int64_t calls = 1);

  /// Returns the length [byte] of the next probe message. One is wanted if operations do not constrain alpha
  /// or beta, for example because all have one length. nullopt: none is wanted, or the budget is spent. After
  /// a detected change three messages of different lengths are wanted in any case.
  std::optional<std::int64_t> wanted_message(int ranks) const;
  /// Learns from a probe message that took `one_way_s`.
  LearningResult learn_message(std::int64_t bytes, int ranks, double one_way_s);

  /// The algorithm in use for calls of one kind.
  struct Place {
    std::int64_t count = -1;  ///< elements; -1: none
    ElementType type = ElementType::float32;
    int kept_class = 0;  ///< bits of k; 0 if all is sent
    bool lossy = false;  ///< lossy algorithms were among the candidates
    CurrentAlgorithm current;
  };
  /// The saved kinds, those used last.
  using Places = std::array<Place, 64>;

  /// The part that a state file keeps. The budgets for exploration and messages, and the change detector,
  /// start again after a load, since they describe the time in which they were filled.
  struct State {
    LinkEstimator::State estimator;
    LinkModel link;  ///< in use for decisions
    Corrections::Cells corrections{};
    std::int64_t learned = 0;  ///< as Corrections'
    Places places{};           ///< latest first
  };
  State state() const;
  /// Continues from a saved state: same predictions, with more uncertainty (kRestart). Returns false, with
  /// nothing done, for a state that state() cannot return.
  bool restore(const State& state);

  /// Assumed relative change of alpha and beta between two runs (standard error). It is the largest that
  /// still counts as known (LinkEstimator::kSeparated). So one differing time is believed at once, and no
  /// probe message is sent if the old values still hold. Simulated, 20 calls after a restart, 10 % noise:
  /// regret on the same network is 0.41 %, against 0.35 % with 0.1. On a network half or twice as fast it is
  /// 1 %, messages included, against 4 to 6 %.
  static constexpr double kRestart = 0.3;
  /// Assumed relative change of the formulas' corrections: learned again within some ten calls.
  static constexpr double kFormulaRestart = 0.1;

 private:
  Exchange exchange_of(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape, double factor) const;
  bool blind(double error, double seen) const;
  double long_bytes() const;
  std::int64_t probe_bytes_after_change() const;
  CurrentAlgorithm& current_of(std::span<const Candidate> candidates, const AllreduceShape& shape);
  LearningResult take(const Observation& observation, bool detects_change);
  double message_cost_s(std::int64_t bytes, int ranks) const;

  CostModel model_;
  LinkEstimator estimator_;
  DriftDetector drift_;
  Corrections corrections_;
  ShareBudget exploring_{ChoiceRules::kExplorationShare};
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
  RecentMap<Kind, CurrentAlgorithm> in_use_{kMostKinds};
  Exchange last_;                 ///< of the last operation
  double alpha_seen_ = 1;         ///< share of latency in the time of recent operations
  double beta_seen_ = 1;          ///< share of transfer in the same time
  double longest_bytes_ = 0;      ///< longest probe message since the last detected change
  std::int64_t since_change_;     ///< operations since the last detected change
  int messages_due_ = 0;          ///< probe messages still to be sent after it
  std::int64_t again_bytes_ = 0;  ///< length of an outlier to be repeated; 0: none
};

}  // namespace pliant

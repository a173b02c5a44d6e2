// The state of a tensor that its policy needs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "planner/density/margin.hpp"
#include "planner/density/policy.hpp"

namespace pliant {

/// Caches the last few answers of decide_kept(), which takes hundreds of predictions and often gets the same
/// input.
class PolicyMemo {
 public:
  /// Returns a copy of decide_kept()'s answer.
  PolicyDecision decide(const Policy& policy, const ChoiceInput& input);

 private:
  /// All inputs of an answer, except for the two numbers that change at every operation.
  struct Question {
    const Policy* policy = nullptr;
    double density = 0;
    double time_budget_s = 0;
    double min_gain = 0;
    std::int64_t least = 0;
    AlgorithmFilter filter;
    AllreduceShape shape;
    CostModel model;
    std::optional<GainModel> gain;
    bool resumable = false;
    double drain_s = 0;
    std::optional<EquivalentDensity> equivalent;

    friend bool operator==(const Question&, const Question&) = default;
  };
  struct Answer {
    double compute_s = -1;
    double margin = 0;
    PolicyDecision decision;
  };

  Question question_;
  std::array<Answer, 8> answers_{};
  std::size_t next_ = 0;
};

/// The state of one tensor on this rank. `agreed` and its fingerprint are equal on the ranks that agreed on
/// them.
struct PolicyMemory {
  /// Least number of operations between two counts of magnitudes. A count costs about two more selections.
  static constexpr std::int64_t kCountEvery = 16;
  /// After so many operations the gain is counted again, even if it has not moved.
  static constexpr std::int64_t kCountAtLeastEvery = 256;
  /// Relative change of the gain that triggers a new count: 10 %, from the flexible-communication paper.
  static constexpr double kMoved = 0.1;

  GainModel own;                 ///< from this rank's last count
  bool counted = false;          ///< this rank has counted at least once
  bool fresh = false;            ///< the ranks have not agreed since the last count
  GainModel agreed;              ///< minimum over ranks
  double fingerprint = 0;        ///< of `agreed`, compared between ranks; 0 before the first agreement
  std::int64_t since_count = 0;  ///< operations since the last count
  double achieved = 0;           ///< gain of the last operation / the gain that `own` predicts; 0: unknown
  double achieved_at_first = 0;  ///< minimum over ranks, of the first operation after agreeing; 0 before it
  BudgetMargin margin;
  PolicyMemo memo;

  /// The part that a state file keeps. Leaves out the memo, whose answers can be computed again.
  struct State {
    using Gains = std::array<double, GainModel::kPoints>;
    Gains own{}, agreed{};
    bool counted = false, has_agreed = false, fresh = false;
    std::int64_t since_count = 0;
    double achieved = 0, achieved_at_first = 0;
    BudgetMargin::State margin;
    friend bool operator==(const State&, const State&) = default;
  };
  State state() const;
  /// Restores the state of a tensor of `count` elements. Returns false, and does nothing, if state() cannot
  /// have returned `state`.
  bool restore(const State& state, std::int64_t count);

  /// Store this rank's count.
  void count(const GainCurve& curve, std::int64_t count);
  /// gains: minimum over ranks.
  void agree(const std::array<double, GainModel::kPoints>& gains, std::int64_t count);
  /// Whether to count again. achieved_by_all: minimum over ranks. operations: maximum over ranks of
  /// since_count.
  bool is_count_due(double achieved_by_all, std::int64_t operations);
};

}  // namespace pliant

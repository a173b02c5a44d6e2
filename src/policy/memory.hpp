// What is remembered of a tensor for its policy.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "policy/margin.hpp"
#include "policy/policy.hpp"

namespace pliant {

/// decide_kept() takes hundreds of predictions, and its input is often what it was: the last few answers.
class PolicyMemo {
 public:
  /// What decide_kept() says, which is copied.
  PolicyDecision decide(const Policy& policy, const PolicyInput& input);

 private:
  /// All that an answer depends on, besides the two numbers that change all the time.
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
    std::optional<Worth> worth;
    Family only_family = Family::exact;

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

/// Of one tensor, on this rank; `agreed` and its fingerprint are what the ranks that agreed on them hold
/// alike.
struct PolicyMemory {
  /// Operations between two counts of magnitudes, each of which takes about two selections more.
  static constexpr std::int64_t kCountEvery = 16;
  /// After so many the gain is counted whether it has moved or not.
  static constexpr std::int64_t kCountAtLeastEvery = 256;
  /// How far the gain may move before it is counted again: the flexible-communication paper's 10 %.
  static constexpr double kMoved = 0.1;

  GainModel own;                 ///< of this rank's last count
  bool counted = false;          ///< there was one
  bool fresh = false;            ///< the ranks have not agreed since
  GainModel agreed;              ///< min over ranks
  double fingerprint = 0;        ///< of `agreed`, for ranks to compare; 0 before the first
  std::int64_t since_count = 0;  ///< operations
  double achieved = 0;           ///< gain of the last operation / what `own` says of its k; 0: not known
  double achieved_at_first = 0;  ///< min over ranks, of the first operation after agreeing; 0 before it
  BudgetMargin margin;
  PolicyMemo memo;

  /// What a state file keeps: all but the memo, whose answers come again.
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
  /// Of a tensor of `count` elements. False, and nothing done, unless it is one that state() can give.
  bool restore(const State& state, std::int64_t count);

  /// This rank has counted.
  void count(const GainCurve& curve, std::int64_t count);
  /// gains: min over ranks.
  void agree(const std::array<double, GainModel::kPoints>& gains, std::int64_t count);
  /// Is it time to count again? achieved_by_all: min over ranks. operations: max over ranks of since_count.
  bool is_count_due(double achieved_by_all, std::int64_t operations);
};

}  // namespace pliant

// The time budget of sync rounds of blocking calls: a share of the time of all these calls of a communicator,
// whatever their lengths. Pure. Rank 0 keeps the budget and sends its result to the others.
#pragma once

#include <cstdint>

namespace pliant {

class RoundBudget {
 public:
  /// The first rounds cost nothing, because the model gains most from them.
  static constexpr int kFreeRounds = 32;
  /// Maximum of calls_to_wait(), however short the calls are.
  static constexpr std::int64_t kMostCalls = std::int64_t{1} << 20;

  /// Adds `share` of a call of call_s [s] to the budget.
  void note_call(double call_s, double share);
  /// Subtracts a round of cost_s [s], even if the budget does not cover it.
  void note_round(double cost_s);
  /// Number of calls like the recent ones until the budget covers a round of cost_s [s].
  std::int64_t calls_to_wait(double cost_s) const;

 private:
  /// The budget holds at most this many rounds, so that a long quiet time does not pay for a burst of rounds.
  static constexpr double kMostSaved = kFreeRounds;
  static constexpr double kMemory = 32;  // calls

  int free_rounds_ = kFreeRounds;
  double saved_s_ = 0;
  double earned_s_ = 0;  ///< moving average per call
};

}  // namespace pliant

// What the sync rounds of a communicator's blocking calls may take: a share of the time of all these calls
// together, whatever their lengths. Pure; rank 0's word on it is told to the others.
#pragma once

#include <cstdint>

namespace pliant {

class RoundBudget {
 public:
  /// The first rounds are for nothing: what they teach is worth most.
  static constexpr int kFreeRounds = 32;
  /// Calls to wait at most, however short they are.
  static constexpr std::int64_t kMostCalls = std::int64_t{1} << 20;

  /// A call of `call_s` was made, of which `share` may be spent.
  void note_call(double call_s, double share);
  /// A round of `cost_s` was held, whether it was paid for or not.
  void note_round(double cost_s);
  /// Calls such as those before until the next round of `cost_s` is paid for.
  std::int64_t calls_to_wait(double cost_s) const;

 private:
  /// What is saved beyond so many rounds is lost: a quiet hour pays for no storm.
  static constexpr double kMostSaved = kFreeRounds;
  static constexpr double kMemory = 32;  // calls

  int free_rounds_ = kFreeRounds;
  double saved_s_ = 0;
  double earned_s_ = 0;  ///< by a call, of late
};

}  // namespace pliant

#include "planner/learning/round_budget.hpp"

#include <algorithm>
#include <cmath>

namespace pliant {

void RoundBudget::note_call(double call_s, double share) {
  const double earned_s = share * call_s;
  saved_s_ += earned_s;
  earned_s_ += (earned_s - earned_s_) / (earned_s_ > 0 ? kMemory : 1);
}

void RoundBudget::note_round(double cost_s) {
  if (free_rounds_ > 0) {
    --free_rounds_;
  } else {
    saved_s_ -= cost_s;
  }
  saved_s_ = std::min(saved_s_, kMostSaved * cost_s);
}

std::int64_t RoundBudget::calls_to_wait(double cost_s) const {
  const double missing_s = cost_s - saved_s_;
  if (free_rounds_ > 0 || missing_s <= 0) return 0;
  if (!(missing_s < static_cast<double>(kMostCalls) * earned_s_)) return kMostCalls;
  return static_cast<std::int64_t>(std::ceil(missing_s / earned_s_));
}

}  // namespace pliant

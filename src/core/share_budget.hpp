// A time budget for learning: a fixed share of the time that useful work takes.
#pragma once

namespace pliant {

class ShareBudget {
 public:
  /// `share` of the earned time may be spent.
  explicit constexpr ShareBudget(double share) : share_(share) {}

  void earn(double work_s) { saved_s_ += share_ * work_s; }
  bool affords(double cost_s) const { return cost_s <= saved_s_; }
  void spend(double cost_s) { saved_s_ -= cost_s; }
  double saved_s() const { return saved_s_; }
  /// Continue with the balance of an earlier budget.
  void restore(double saved_s) { saved_s_ = saved_s; }

 private:
  double share_;
  double saved_s_ = 0;
};

}  // namespace pliant

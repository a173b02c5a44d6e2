// What may be spent on learning: a share of the time that work takes.
#pragma once

namespace pliant {

class ShareBudget {
 public:
  /// `share` of what is earned may be spent.
  explicit constexpr ShareBudget(double share) : share_(share) {}

  void earn(double work_s) { saved_s_ += share_ * work_s; }
  bool affords(double cost_s) const { return cost_s <= saved_s_; }
  void spend(double cost_s) { saved_s_ -= cost_s; }
  double saved_s() const { return saved_s_; }
  /// Go on where another was.
  void restore(double saved_s) { saved_s_ = saved_s; }

 private:
  double share_;
  double saved_s_ = 0;
};

}  // namespace pliant

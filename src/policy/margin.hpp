// How much longer than predicted operations take, so that a budget holds.
#pragma once

namespace pliant {

/// Learns the ratio of measured to predicted time that all but about 4 % of operations stay below: exp(m + z
/// s) with mean m and spread s of the ratio's logarithm, both forgetting as they go. A network that has
/// changed is the cost model's to notice: ratios far outside what was seen before count as at its edge, so
/// that a change moves the margin no more than noise does.
class BudgetMargin {
 public:
  /// What is not a time (not finite, not positive) says nothing.
  void add(double measured_s, double predicted_s);
  /// In [1 / kMost, kMost]; kFirst before anything was added.
  double factor() const;

  static constexpr double kMost = 8;
  static constexpr double kFirst = 1.15;  ///< as if the spread were kFirstSpread

  /// What a state file keeps.
  struct State {
    double mean = 0;      ///< of log(measured / predicted)
    double variance = 0;  ///< of the same
    int seen = 0;         ///< operations that count
    friend bool operator==(const State&, const State&) = default;
  };
  const State& state() const { return state_; }
  /// False, and nothing done, unless it is one that state() can give.
  bool restore(const State& state);

 private:
  State state_;
};

}  // namespace pliant

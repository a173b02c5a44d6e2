// The factor by which operations take longer than predicted, so that a budget holds.
#pragma once

namespace pliant {

/// Estimates an upper bound of measured / predicted time that all but about 4 % of operations stay below. The
/// bound is exp(m + z s), with exponentially forgetting mean m and spread s of the ratio's logarithm.
/// Detecting a changed network is the cost model's task. Ratios far outside the usual range are therefore
/// clamped, so that a change moves the margin no more than noise does.
class BudgetMargin {
 public:
  /// Ignores values that are not finite or not positive.
  void add(double measured_s, double predicted_s);
  /// In [1 / kMost, kMost]; kFirst before the first add().
  double factor() const;

  static constexpr double kMost = 8;
  static constexpr double kFirst = 1.15;  ///< as if the spread were kFirstSpread

  /// The part that a state file keeps.
  struct State {
    double mean = 0;      ///< of log(measured / predicted)
    double variance = 0;  ///< of log(measured / predicted)
    int seen = 0;         ///< operations that count, at most the memory's length
    friend bool operator==(const State&, const State&) = default;
  };
  const State& state() const { return state_; }
  /// Returns false, and does nothing, if state() cannot have returned `state`.
  bool restore(const State& state);

 private:
  State state_;
};

}  // namespace pliant

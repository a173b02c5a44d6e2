// Time that the program computes: between two reductions, as policies need it, and in total.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

namespace pliant {

/// The median of the last three intervals, or the smaller of the first two. One long interval (an evaluation
/// or a checkpoint between two steps) is ignored; a lasting change counts from its second interval on.
class ComputeTimes {
 public:
  void add(double seconds) {
    last_[count_ % last_.size()] = seconds;
    ++count_;
  }

  /// [s]; 0 before the first.
  double typical_s() const {
    auto sorted = last_;
    const std::size_t known = std::min(count_, last_.size());
    if (known == 0) return 0;
    std::sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(known));
    return sorted[(known - 1) / 2];
  }

 private:
  std::array<double, 3> last_{};
  std::size_t count_ = 0;
};

/// Total time that the program spent outside of Pliant's calls, with or without pending operations.
class OutsideTime {
 public:
  void enter(double now_s) {
    if (left_s_ > 0) total_s_ += std::max(0.0, now_s - left_s_);
    left_s_ = now_s;
  }
  void leave(double now_s) { left_s_ = now_s; }
  /// [s] up to the last enter().
  double total_s() const { return total_s_; }

 private:
  double left_s_ = 0;
  double total_s_ = 0;
};

}  // namespace pliant

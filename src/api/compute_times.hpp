// How long the program computes between two reductions, as policies need to know it; and in all.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

namespace pliant {

/// The median of the last three intervals (the smaller of two, while there are only two): an evaluation or a
/// checkpoint between two steps is no step's computing time, and a change is believed at its second interval.
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

/// All the time that the program spent outside of calls, whichever they were and whatever was under way.
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

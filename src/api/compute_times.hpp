// How long the program computes between two reductions, as policies need to know it.
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

}  // namespace pliant

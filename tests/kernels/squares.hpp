// The squared norm in the order of kernels.hpp, implemented independently.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "kernels/kernels.hpp"
#include "tests/support/bits.hpp"

namespace pliant::test {

/// Adds lanes j, j + width, j + 2 width, ... by halves, so that lanes 0 and 8 are added first.
inline double fold(const std::array<double, kSquaresLanes>& lanes, std::size_t j, std::size_t width) {
  if (width == lanes.size()) return lanes[j];
  return fold(lanes, j, 2 * width) + fold(lanes, j + width, 2 * width);
}

template <class T>
double squares(std::span<const T> values) {
  double total = 0;
  while (!values.empty()) {
    const auto block = values.first(std::min<std::size_t>(values.size(), kSquaresBlock));
    std::array<double, kSquaresLanes> lanes{};
    for (std::size_t lane = 0; lane < lanes.size(); ++lane)
      for (std::size_t i = lane; i < block.size(); i += lanes.size()) {
        const double value = block[i];
        lanes[lane] += value * value;
      }
    total += fold(lanes, 0, 1);
    values = values.subspan(block.size());
  }
  return total;
}

/// Equal bits, except that NaN's payload and sign do not count, since no rule fixes them for sums of NaN.
inline bool same_number(double a, double b) {
  return bits(a) == bits(b) || (std::isnan(a) && std::isnan(b));
}

}  // namespace pliant::test

// The squared norm in the order that kernels.hpp defines, written anew.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "kernels/kernels.hpp"
#include "tests/support/bits.hpp"

namespace pliant::test {

/// Lanes j, j + width, j + 2 width ...: halves first, so that lane 0 + 8 is added before anything else.
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

/// Bit for bit, but a NaN's payload and sign do not count: those of sums of NaN are nobody's promise.
inline bool same_number(double a, double b) {
  return bits(a) == bits(b) || (std::isnan(a) && std::isnan(b));
}

}  // namespace pliant::test

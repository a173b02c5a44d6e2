// A total order of all doubles, so that ranks agree on the largest of their values.
//
// std::max and MPI_MAX are not symmetric for NaN: ranks that compare in different orders end with different
// values. Here every value has a place, by the order of its bits:
//   -infinity < ... < -0 < +0 < ... < +infinity < NaN, which is one value, whatever its bits
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace pliant {

/// The place of `value` in that order: a greater value has a greater place.
inline std::int64_t place_in_order(double value) {
  if (std::isnan(value)) return std::numeric_limits<std::int64_t>::max();
  const auto bits = std::bit_cast<std::int64_t>(value);
  return bits >= 0 ? bits : std::numeric_limits<std::int64_t>::min() - bits - 1;
}

/// The value at a place. Every NaN comes back as the quiet NaN.
inline double value_at_place(std::int64_t place) {
  if (place == std::numeric_limits<std::int64_t>::max()) return std::numeric_limits<double>::quiet_NaN();
  return std::bit_cast<double>(place >= 0 ? place : std::numeric_limits<std::int64_t>::min() - place - 1);
}

/// The later of two values in that order: the same bits for (a, b) and (b, a).
inline double later_in_order(double a, double b) {
  const std::int64_t of_a = place_in_order(a);
  const std::int64_t of_b = place_in_order(b);
  return value_at_place(of_a < of_b ? of_b : of_a);
}

}  // namespace pliant

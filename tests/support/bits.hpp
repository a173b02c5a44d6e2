// Compares numbers by their bits: -0 differs from 0, and a NaN equals itself.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace pliant::test {

inline std::uint32_t bits(float value) {
  return std::bit_cast<std::uint32_t>(value);
}
inline std::uint64_t bits(double value) {
  return std::bit_cast<std::uint64_t>(value);
}

/// Index of the first element whose bits differ, or -1. Both spans have the same length.
template <class T>
std::int64_t first_difference(std::span<const T> a, std::span<const T> b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::memcmp(&a[i], &b[i], sizeof(T)) != 0) return static_cast<std::int64_t>(i);
  return -1;
}
template <class T>
std::int64_t first_difference(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() ? first_difference(std::span<const T>(a), std::span<const T>(b)) : -2;
}

}  // namespace pliant::test

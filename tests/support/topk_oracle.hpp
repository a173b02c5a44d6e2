// Exact top-k by sorting, the reference for every selection.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "tests/support/bits.hpp"

namespace pliant::test {

/// Indices of the `kept` largest magnitudes, ascending. Among equals, the lowest index wins.
template <class T>
std::vector<std::uint32_t> topk_indices(std::span<const T> values, std::int64_t kept) {
  std::vector<std::uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto before = [&](std::uint32_t a, std::uint32_t b) {
    const auto of_a = bits(values[a]) << 1;
    const auto of_b = bits(values[b]) << 1;
    return of_a != of_b ? of_a > of_b : a < b;
  };
  std::nth_element(order.begin(), order.begin() + kept, order.end(), before);
  order.resize(static_cast<std::size_t>(kept));
  std::sort(order.begin(), order.end());
  return order;
}

inline std::vector<std::uint32_t> topk_oracle(std::span<const float> values, std::int64_t kept) {
  return topk_indices(values, kept);
}

}  // namespace pliant::test

// Permutations that move selected SIMD lanes to the front.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pliant {

using LaneOrders = std::array<std::array<std::uint8_t, 8>, 256>;

constexpr LaneOrders make_front_lanes() {
  LaneOrders orders{};
  for (std::size_t bits = 0; bits < orders.size(); ++bits) {
    std::size_t at = 0;
    for (std::uint8_t lane = 0; lane < 8; ++lane)
      if ((bits >> lane & 1) != 0) orders[bits][at++] = lane;
  }
  return orders;
}

/// [mask of 8 lanes] the lanes whose bits are set, ascending; then zeros.
inline constexpr LaneOrders kFrontLanes = make_front_lanes();

}  // namespace pliant

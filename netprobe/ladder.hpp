// The sizes that a survey tries on a link.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pliant {

struct Rung {
  std::int32_t bytes = 0;
  bool held_out = false;  ///< kept from fits, to judge them
};

/// Protocols change at powers of two or near them. Random sizes between these edges meet both sides, and the
/// sizes of several links fill the gaps between one another's.
inline constexpr std::array<std::int32_t, 14> kLadderEdges_bytes{
    2,        64,        512,       2 << 10,   8 << 10, 16 << 10, 32 << 10,
    60 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20, 2 << 20,  4 << 20};
inline constexpr std::size_t kRungs = kLadderEdges_bytes.size();
using Ladder = std::array<Rung, kRungs>;

/// One byte, then one random size between each two edges, ascending, uniform in the logarithm. The size of 16
/// to 32 KiB is kAnchorRung. Every fourth is held out, from a place that depends on the seed; never the
/// first, nor the anchor. Equal seeds give equal ladders.
Ladder random_ladder(std::uint64_t seed);

inline constexpr std::size_t kAnchorRung = 6;

}  // namespace pliant

// Gaps: how codecs store ascending indices, in blocks of 128.
//
// A gap is an index less the smallest value it could have. That is the index before it plus 1, or 0 for the
// first:
//   indices 3 4 9 -> gaps 3 0 4
// The gaps of a set add up to less than 2^32.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "compress/bit_packing.hpp"

namespace pliant {

/// Upper bound of all indices of a set (exclusive).
inline constexpr std::int64_t kIndexEnd = std::int64_t{1} << 32;

constexpr std::int64_t blocks_of(std::int64_t kept) {
  return (kept + kBlock - 1) / kBlock;
}

/// Number of indices in block `block`. The last block may have fewer.
constexpr std::int64_t block_count(std::int64_t block, std::int64_t kept) {
  return std::min(kBlock, kept - block * kBlock);
}

/// Number of bits of a number. (The return type of std::bit_width differs between libraries.)
constexpr unsigned width_of(std::int64_t number) {
  return static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(number)));
}

/// Reads the byte of a message that says how a block is packed.
inline unsigned packing_of(std::byte byte) {
  return std::to_integer<unsigned>(byte);
}

/// Gaps of one block. `indices` points at the block's first index; other indices precede it unless `block` is
/// 0.
inline void find_gaps(const std::uint32_t* indices, std::int64_t block, std::int64_t n, std::uint32_t* gaps) {
  gaps[0] = block == 0 ? indices[0] : indices[0] - indices[-1] - 1;
  for (std::int64_t i = 1; i < n; ++i) gaps[i] = indices[i] - indices[i - 1] - 1;
}

/// Recovers the gaps from the sums of unpack_sums(). Works even if the sums wrapped around, since differences
/// are right modulo 2^32.
inline void gaps_of_sums(std::uint32_t before, const std::uint32_t* sums, std::uint32_t* gaps) {
  gaps[0] = sums[0] - before - 1;
  for (std::int64_t i = 1; i < kBlock; ++i) gaps[i] = sums[i] - sums[i - 1] - 1;
}

/// x^n by squaring: the same bits on every processor, which std::pow does not promise.
constexpr double power(double x, std::int64_t n) {
  double result = 1;
  for (; n > 0; n >>= 1, x *= x)
    if ((n & 1) != 0) result *= x;
  return result;
}

/// The share of `count` elements that is not kept, if all are equally likely to be kept. A gap is >= m with
/// probability gap_chance^m.
constexpr double gap_chance(std::int64_t count, std::int64_t kept) {
  return 1 - static_cast<double>(kept) / static_cast<double>(count);
}

}  // namespace pliant

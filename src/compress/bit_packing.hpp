// Numbers of few bits, side by side.
//
// A block is 128 numbers of one width. Number i stands in row i / 4, lane i % 4; a lane is a string of 32-bit
// words, filled from the lowest bit; word j of the four lanes stand together, as a vector register loads
// them.
//   width 20   bytes  0-15  rows 0 and (its low 12 bits) 1 of lanes 0 1 2 3
//              bytes 16-31  rows 1 (its high 8 bits), 2, and (its low 4 bits) 3 of lanes 0 1 2 3 ...
// A tail is fewer numbers than a block: one string of bits, filled from the lowest bit of the first byte.
// Layout: Lemire and Boytsov, Softw. Pract. Exper. 45(1), 2015 (SIMD-BP128).
#pragma once

#include <cstddef>
#include <cstdint>

namespace pliant {

inline constexpr std::int64_t kBlock = 128;
inline constexpr unsigned kMaxWidth = 32;

/// Of a block or of a tail.
constexpr std::int64_t packed_bytes(std::int64_t numbers, unsigned width) {
  return (numbers * static_cast<std::int64_t>(width) + 7) / 8;
}

/// numbers: [kBlock], each < 2^width. Writes packed_bytes(kBlock, width).
void pack_block(const std::uint32_t* numbers, unsigned width, std::byte* out);

/// sums[i] = before + sum over j <= i of (number j + 1), modulo 2^32; [kBlock].
/// With `before` = the index in front of a block, and numbers = gaps less one, these are the block's indices.
void unpack_sums(const std::byte* in, unsigned width, std::uint32_t before, std::uint32_t* sums);

/// count < kBlock. Writes packed_bytes(count, width).
void pack_tail(const std::uint32_t* numbers, std::int64_t count, unsigned width, std::byte* out);

/// False if the bits behind the last number are not zero.
bool unpack_tail(const std::byte* in, std::int64_t count, unsigned width, std::uint32_t* numbers);

}  // namespace pliant

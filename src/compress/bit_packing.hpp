// Packs numbers of a few bits each.
//
// A block is 128 numbers of one width. Number i is in row i / 4 and lane i % 4. Each of the four lanes is a
// string of 32-bit words, filled from the lowest bit. Word j of all four lanes is contiguous, so one vector
// register loads it.
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

/// Bytes of a packed block or tail.
constexpr std::int64_t packed_bytes(std::int64_t numbers, unsigned width) {
  return (numbers * static_cast<std::int64_t>(width) + 7) / 8;
}

/// numbers: [kBlock], each < 2^width. Writes packed_bytes(kBlock, width).
void pack_block(const std::uint32_t* numbers, unsigned width, std::byte* out);

/// Sets sums[i] = before + sum over j <= i of (number j + 1), modulo 2^32; [kBlock]. If `before` is the index
/// in front of a block and the numbers are its gaps (gaps.hpp), the sums are the block's indices.
void unpack_sums(const std::byte* in, unsigned width, std::uint32_t before, std::uint32_t* sums);

/// count < kBlock. Writes packed_bytes(count, width).
void pack_tail(const std::uint32_t* numbers, std::int64_t count, unsigned width, std::byte* out);

/// Returns false if the bits behind the last number are not zero.
bool unpack_tail(const std::byte* in, std::int64_t count, unsigned width, std::uint32_t* numbers);

}  // namespace pliant

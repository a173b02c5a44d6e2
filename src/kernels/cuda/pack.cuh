// Packs ascending indices as gaps of a few bits, and unpacks them, in exactly the format of index_block.cpp.
//
//   [width of block 0] [width of block 1] ... one byte each | block 0 | block 1 | ... | tail
//
// A block is 128 indices, processed by one warp. Number i of a block is in row i / 4 and column i % 4. A
// tail's numbers are one string of bits (bit_packing.hpp).
#pragma once

#include "kernels/cuda/block.cuh"

namespace pliant::cuda {

inline constexpr unsigned kPacked = 128;  ///< numbers per block
inline constexpr unsigned kOwn = kPacked / gpu::kWarp;
inline constexpr unsigned kMostWidth = 32;

PLIANT_DEVICE std::uint32_t pack_blocks(const PackArguments& a) {
  return a.kept / kPacked + (a.kept % kPacked > 0 ? 1 : 0);
}
/// Number of indices in a block. The last one may have fewer than kPacked.
PLIANT_DEVICE unsigned numbers_of(const PackArguments& a, std::uint32_t block) {
  return at_most(a.kept - block * kPacked, kPacked);
}
PLIANT_DEVICE std::uint64_t bytes_of(unsigned numbers, unsigned width) {
  return (std::uint64_t{numbers} * width + 7) / 8;
}
PLIANT_DEVICE std::uint32_t low_bits(unsigned width) {
  return width < 32 ? (1U << width) - 1 : 0xffffffffU;
}

/// Index j less the smallest value that it could have.
PLIANT_DEVICE std::uint32_t gap_of(const PackArguments& a, std::uint32_t j) {
  return j == 0 ? a.indices[0] : a.indices[j] - a.indices[j - 1] - 1;
}

/// Exclusive scan by one block: entries[b] becomes first + the sum of the entries before it, visible to all
/// its threads. Returns first + the sum of all.
PLIANT_DEVICE std::uint64_t scan_entries(std::uint64_t* entries, std::uint32_t blocks, std::uint64_t first) {
  const std::uint32_t each = (blocks + kBlockThreads - 1) / kBlockThreads;
  const std::uint32_t begin = at_most(gpu::thread() * each, blocks);
  const std::uint32_t end = at_most(begin + each, blocks);
  unsigned long long sum = 0;
  for (std::uint32_t b = begin; b < end; ++b) sum += entries[b];
  const Scanned<unsigned long long> scanned = block_scan(sum);
  std::uint64_t at = first + scanned.before;
  for (std::uint32_t b = begin; b < end; ++b) {
    const std::uint64_t bytes = entries[b];
    entries[b] = at;
    at += bytes;
  }
  gpu::barrier();
  return first + scanned.total;
}

/// Computes the widths, and where blocks begin.
PLIANT_KERNEL void measure_gaps_kernel(PackArguments a) {
  const std::uint32_t blocks = pack_blocks(a);
  for (std::uint32_t b = gpu::block() * kWarps + warp(); b < blocks; b += gpu::blocks() * kWarps) {
    const unsigned n = numbers_of(a, b);
    std::uint32_t used = 0;
    for (unsigned i = lane(); i < n; i += gpu::kWarp) used |= gap_of(a, b * kPacked + i);
    for (int by = 16; by > 0; by /= 2) used |= gpu::shuffle_xor(gpu::kAllLanes, used, by);
    const auto width = static_cast<unsigned>(32 - gpu::leading_zeros(used));
    if (lane() != 0) continue;
    a.packed[b] = static_cast<std::uint8_t>(width);
    a.places[b] = bytes_of(n, width);
  }
  if (!last_block(a.ticket)) return;
  const std::uint64_t bytes = scan_entries(a.places, blocks, blocks);
  if (gpu::thread() == 0) *a.report = {bytes, Refusal::none};
}

/// Returns 32 bits of a column's string, from bit 32 x word on. The block's numbers are numbers[begin, begin
/// + 128).
template <class Array>
PLIANT_DEVICE std::uint32_t word_of(Array& numbers, unsigned begin, unsigned width, unsigned word,
                                    unsigned column) {
  std::uint32_t bits = 0;
  const unsigned from = word * 32;
  for (unsigned row = from / width; row < gpu::kWarp && row * width < from + 32; ++row) {
    const std::uint32_t number = numbers[begin + row * 4 + column];
    bits |= row * width < from ? number >> (from - row * width) : number << (row * width - from);
  }
  return bits;
}

template <class Array>
PLIANT_DEVICE void pack_tail(Array& numbers, unsigned begin, unsigned n, unsigned width, std::uint8_t* out) {
  for (unsigned byte = lane(); byte < bytes_of(n, width); byte += gpu::kWarp) {
    std::uint32_t bits = 0;
    const unsigned from = byte * 8;
    for (unsigned i = from / width; i < n && i * width < from + 8; ++i) {
      const std::uint32_t number = numbers[begin + i];
      bits |= i * width < from ? number >> (from - i * width) : number << (i * width - from);
    }
    out[byte] = static_cast<std::uint8_t>(bits);
  }
}

PLIANT_DEVICE void store_word(std::uint8_t* out, std::uint32_t word) {
  if (reinterpret_cast<std::uintptr_t>(out) % 4 == 0) {
    *reinterpret_cast<std::uint32_t*>(out) = word;
  } else {
    for (unsigned i = 0; i < 4; ++i) out[i] = static_cast<std::uint8_t>(word >> 8 * i);
  }
}
PLIANT_DEVICE std::uint32_t load_word(const std::uint8_t* in) {
  if (reinterpret_cast<std::uintptr_t>(in) % 4 == 0) return *reinterpret_cast<const std::uint32_t*>(in);
  std::uint32_t word = 0;
  for (unsigned i = 0; i < 4; ++i) word |= std::uint32_t{in[i]} << 8 * i;
  return word;
}

PLIANT_KERNEL void pack_kernel(PackArguments a) {
  PLIANT_SHARED_ARRAY(std::uint32_t, gaps, kWarps * kPacked);
  const std::uint32_t blocks = pack_blocks(a);
  const unsigned own = warp() * kPacked;
  for (std::uint32_t b = gpu::block() * kWarps + warp(); b < blocks; b += gpu::blocks() * kWarps) {
    const unsigned n = numbers_of(a, b);
    const unsigned width = a.packed[b];
    gpu::warp_barrier(gpu::kAllLanes);  // the gaps of another block have been read
    for (unsigned i = lane(); i < n; i += gpu::kWarp) gaps[own + i] = gap_of(a, b * kPacked + i);
    gpu::warp_barrier(gpu::kAllLanes);
    if (width == 0) continue;
    std::uint8_t* const out = a.packed + a.places[b];
    if (n < kPacked) {
      pack_tail(gaps, own, n, width, out);
    } else {
      for (unsigned w = lane(); w < 4 * width; w += gpu::kWarp)
        store_word(out + 4 * w, word_of(gaps, own, width, w / 4, w % 4));
    }
  }
}

/// Run by one block. Checks the widths, and computes where blocks begin.
PLIANT_KERNEL void read_widths_kernel(PackArguments a) {
  if (gpu::block() != 0) return;
  const std::uint32_t blocks = pack_blocks(a);
  Refusal refusal = a.bytes < blocks ? Refusal::short_for_widths : Refusal::none;
  std::uint64_t bytes = 0;
  if (refusal == Refusal::none) {
    std::uint32_t wide = 0;
    for (std::uint32_t b = gpu::thread(); b < blocks; b += kBlockThreads) {
      const unsigned width = a.packed[b];
      wide += width > kMostWidth ? 1 : 0;
      a.places[b] = bytes_of(numbers_of(a, b), width);
    }
    if (block_scan(wide).total > 0) refusal = Refusal::width;
    bytes = scan_entries(a.places, blocks, blocks);
    if (refusal == Refusal::none && bytes != a.bytes) refusal = Refusal::length;
  }
  if (gpu::thread() == 0) *a.report = {bytes, refusal};
}

/// Number i of a packed block.
PLIANT_DEVICE std::uint32_t unpack_number(const std::uint8_t* in, unsigned width, unsigned i) {
  if (width == 0) return 0;
  const unsigned bit = i / 4 * width;
  const unsigned shift = bit % 32;
  const std::uint8_t* const word = in + (bit / 32 * 4 + i % 4) * 4;
  std::uint32_t number = load_word(word) >> shift;
  if (shift + width > 32) number |= load_word(word + 16) << (32 - shift);
  return number & low_bits(width);
}
/// Bits [bit, bit + width) of a string of `bytes` bytes; width <= 32.
PLIANT_DEVICE std::uint32_t bits_at(const std::uint8_t* in, std::uint64_t bytes, unsigned bit,
                                    unsigned width) {
  std::uint64_t bits = 0;
  for (unsigned i = 0; i < 5; ++i)
    if (bit / 8 + i < bytes) bits |= std::uint64_t{in[bit / 8 + i]} << 8 * i;
  return static_cast<std::uint32_t>(bits >> bit % 8) & low_bits(width);
}

PLIANT_DEVICE void refuse(PackReport* report, Refusal refusal) {
  report->refusal = refusal;
}

/// Unpacks gaps into the memory of the indices, and sums them per block. The last block computes each block's
/// first index.
PLIANT_KERNEL void unpack_kernel(PackArguments a) {
  if (a.report->refusal != Refusal::none) return;
  const std::uint32_t blocks = pack_blocks(a);
  bool behind = false;
  for (std::uint32_t b = gpu::block() * kWarps + warp(); b < blocks; b += gpu::blocks() * kWarps) {
    const unsigned n = numbers_of(a, b);
    const unsigned width = a.packed[b];
    const std::uint8_t* const in = a.packed + a.places[b];
    unsigned long long sum = 0;
    for (unsigned i = lane(); i < n; i += gpu::kWarp) {
      const std::uint32_t gap =
          n == kPacked ? unpack_number(in, width, i) : bits_at(in, bytes_of(n, width), i * width, width);
      a.indices[b * kPacked + i] = gap;
      sum += gap;
    }
    sum = warp_sum(sum + (lane() == 0 ? n : 0));
    if (lane() == 0) a.sums[b] = sum;
    const unsigned over = n * width % 8;
    if (n < kPacked && over > 0) behind = a.packed[a.places[b] + bytes_of(n, width) - 1] >> over != 0;
  }
  if (behind) a.report->bytes = ~std::uint64_t{0};
  if (!last_block(a.ticket)) return;
  const bool bits_behind = gpu::load_fresh(&a.report->bytes) == ~std::uint64_t{0};
  const std::uint64_t end = scan_entries(a.sums, blocks, 0);
  if (gpu::thread() != 0) return;
  a.report->bytes = a.bytes;
  const std::uint64_t whole_end = a.kept % kPacked == 0 || blocks == 0 ? end : a.sums[blocks - 1];
  if (whole_end > a.count) {
    refuse(a.report, Refusal::not_below_count);
  } else if (bits_behind) {
    refuse(a.report, Refusal::bits_behind);
  } else if (end > a.count) {
    refuse(a.report, Refusal::not_below_count);
  }
}

/// Turns gaps into indices.
PLIANT_KERNEL void add_up_kernel(PackArguments a) {
  if (a.report->refusal != Refusal::none) return;
  const std::uint32_t blocks = pack_blocks(a);
  for (std::uint32_t b = gpu::block() * kWarps + warp(); b < blocks; b += gpu::blocks() * kWarps) {
    const unsigned n = numbers_of(a, b);
    std::uint32_t next = static_cast<std::uint32_t>(a.sums[b]);
    for (unsigned first = 0; first < kPacked; first += gpu::kWarp) {
      const unsigned i = first + lane();
      const std::uint32_t step = i < n ? a.indices[b * kPacked + i] + 1 : 0;
      const std::uint32_t up_to = warp_scan(step);
      if (i < n) a.indices[b * kPacked + i] = next + up_to - 1;
      next += gpu::shuffle(gpu::kAllLanes, up_to, gpu::kWarp - 1);
    }
  }
}

}  // namespace pliant::cuda

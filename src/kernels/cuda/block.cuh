// Block-wide functions: sums, scans, finding a rank in a histogram, detecting the last block. Also
// arithmetic.
#pragma once

#include <gpu/language.hpp>

#include "kernels/cuda/kernel_list.hpp"

namespace pliant::cuda {

inline constexpr unsigned kWarps = kBlockThreads / gpu::kWarp;
inline constexpr std::uint32_t kInfiniteBits = 0x7f800000U;

PLIANT_DEVICE unsigned lane() {
  return gpu::thread() % gpu::kWarp;
}
PLIANT_DEVICE unsigned warp() {
  return gpu::thread() / gpu::kWarp;
}
PLIANT_DEVICE unsigned channels_below() {
  return (1U << lane()) - 1;
}
PLIANT_DEVICE std::uint32_t at_most(std::uint32_t a, std::uint32_t b) {
  return a < b ? a : b;
}

PLIANT_DEVICE std::uint32_t magnitude_of(float x) {
  return gpu::bits_of(x) & 0x7fffffffU;
}

/// a + b. A GPU returns one canonical NaN, but hosts keep an operand's payload, which affects the magnitude
/// order.
PLIANT_DEVICE float sum_of(float a, float b) {
  constexpr std::uint32_t kQuiet = 0x00400000U;
  const float sum = gpu::add(a, b);
  if (magnitude_of(sum) <= kInfiniteBits) return sum;
  if (magnitude_of(a) > kInfiniteBits) return gpu::float_of(gpu::bits_of(a) | kQuiet);
  if (magnitude_of(b) > kInfiniteBits) return gpu::float_of(gpu::bits_of(b) | kQuiet);
  return gpu::float_of(0xffc00000U);  // x86's result of infinity minus infinity
}

/// Sum over a warp, returned on all of its threads.
template <class T>
PLIANT_DEVICE T warp_sum(T value) {
  for (int by = 16; by > 0; by /= 2) value += gpu::shuffle_xor(gpu::kAllLanes, value, by);
  return value;
}
/// Sum over the threads of the warp up to this one.
template <class T>
PLIANT_DEVICE T warp_scan(T value) {
  for (unsigned by = 1; by < gpu::kWarp; by *= 2) {
    const T below = gpu::shuffle_up(gpu::kAllLanes, value, by);
    if (lane() >= by) value += below;
  }
  return value;
}

template <class T>
struct Scanned {
  T before;  ///< sum of the threads below this one
  T total;
};

/// All threads of the block must call this.
template <class T>
PLIANT_DEVICE Scanned<T> block_scan(T value) {
  PLIANT_SHARED_ARRAY(T, warp_sums, kWarps);
  const T inclusive = warp_scan(value);
  gpu::barrier();  // the sums of an earlier call have been read
  if (lane() == gpu::kWarp - 1) warp_sums[warp()] = inclusive;
  gpu::barrier();
  Scanned<T> scanned{inclusive - value, T{0}};
  for (unsigned w = 0; w < kWarps; ++w) {
    const T sum = warp_sums[w];
    if (w < warp()) scanned.before += sum;
    scanned.total += sum;
  }
  return scanned;
}

/// Returns true on all threads of the last block to call this. That block sees everything that all blocks
/// wrote before.
PLIANT_DEVICE bool last_block(std::uint32_t* ticket) {
  PLIANT_SHARED_ARRAY(std::uint32_t, arrived, 1);
  gpu::barrier();
  if (gpu::thread() == 0) {
    gpu::fence();
    const std::uint32_t before = gpu::atomic_add(ticket, std::uint32_t{1});
    if (before + 1 == gpu::blocks()) gpu::atomic_exchange(ticket, std::uint32_t{0});
    arrived[0] = before + 1;
    gpu::fence();
  }
  gpu::barrier();
  return arrived[0] == gpu::blocks();
}
PLIANT_DEVICE std::uint32_t* ticket_of(SelectState* state, Ticket ticket) {
  return &state->tickets[static_cast<unsigned>(ticket)];
}

/// A bin, and the remaining rank inside it.
struct Found {
  std::uint32_t bin;
  std::uint32_t rank;
};

/// Finds the bin of bins[begin, begin + 256 kEach) with the rank-th entry from the top, from 1. The bins must
/// hold so many. All threads of the block must call this. The bins may be filled just before, and must not
/// change during the call.
template <unsigned kEach, class Bins>
PLIANT_DEVICE Found find_rank(Bins& bins, unsigned begin, std::uint32_t rank) {
  PLIANT_SHARED_ARRAY(std::uint32_t, found, 2);
  const unsigned top = (kBlockThreads - gpu::thread()) * kEach - 1;
  std::uint32_t sum = 0;
  gpu::barrier();
  for (unsigned i = 0; i < kEach; ++i) sum += bins[begin + top - i];
  std::uint32_t before = block_scan(sum).before;
  if (before < rank && rank <= before + sum) {
    unsigned bin = top;
    for (std::uint32_t held = bins[begin + bin]; before + held < rank; held = bins[begin + bin]) {
      before += held;
      --bin;
    }
    found[0] = bin;
    found[1] = rank - before;
  }
  gpu::barrier();
  return {found[0], found[1]};
}

/// All threads set the array to `value`. A barrier must follow.
template <class Array>
PLIANT_DEVICE void fill_shared(Array& array, unsigned count, std::uint32_t value) {
  for (unsigned i = gpu::thread(); i < count; i += kBlockThreads) array[i] = value;
}

/// Adds a block's bins to the global ones.
template <class Array>
PLIANT_DEVICE void flush_bins(Array& bins, std::uint32_t* all) {
  for (unsigned i = gpu::thread(); i < kBins; i += kBlockThreads) {
    const std::uint32_t held = bins[i];
    if (held > 0) gpu::atomic_add(all + i, held);
  }
}
/// Moves the global bins back into one block's bins, and clears them.
template <class Array>
PLIANT_DEVICE void fetch_bins(Array& bins, std::uint32_t* all) {
  for (unsigned i = gpu::thread(); i < kBins; i += kBlockThreads) {
    bins[i] = gpu::load_fresh(all + i);
    all[i] = 0;
  }
}

}  // namespace pliant::cuda

// Finds the k-th magnitude exactly. Each pass cuts an interval that contains it into 2048 buckets, and
// continues with one of them. Three passes suffice for 31 bits. After a good guess two are enough, and later
// kernels return at once.
#pragma once

#include "kernels/cuda/stream.cuh"

namespace pliant::cuda {

/// Counts the magnitudes of a tile of the pool, or of the residual, in a block's buckets.
template <class Array>
PLIANT_DEVICE void count_tile(const float* values, unsigned left, std::uint32_t low, std::uint32_t top,
                              unsigned shift, Array& bins) {
  const auto count = [&](float value) {
    const std::uint32_t above = magnitude_of(value) - low;  // below low: wraps out of the interval
    if (above <= top - low) gpu::atomic_add(&bins[above >> shift], std::uint32_t{1});
  };
  const unsigned begin = gpu::thread() * 4;
  if (left == kTile) {
    gpu::Float4 quads[kQuads];
    for (unsigned q = 0; q < kQuads; ++q) quads[q] = gpu::load4(values + begin + q * 4 * kBlockThreads);
    for (const gpu::Float4& quad : quads)
      for (const float value : quad.item) count(value);
  } else {
    for (unsigned i = gpu::thread(); i < left; i += kBlockThreads) count(values[i]);
  }
}

/// Puts the taken elements of a tile back, since the pool cannot be used.
PLIANT_DEVICE void restore_tile(const SelectArguments& a, std::uint32_t tile, std::uint32_t zeroed_from) {
  const std::uint32_t begin = a.offsets[tile];
  const std::uint32_t hits = a.hits[tile];
  for (std::uint32_t i = gpu::thread(); i < hits; i += kBlockThreads) {
    const float value = a.pool_values[begin + i];
    if (magnitude_of(value) >= zeroed_from) a.residual[a.pool_indices[begin + i]] = value;
  }
}

PLIANT_KERNEL void narrow_kernel(SelectArguments a) {
  PLIANT_SHARED_ARRAY(std::uint32_t, bins, kBins);
  SelectState& s = *a.state;
  const std::uint32_t low = s.low;
  const std::uint32_t top = s.top;
  const bool whole = s.whole != 0;
  const bool restore = whole && a.pass == 0;
  if (low == top && !restore) return;
  const std::uint32_t rank = s.rank;
  const std::uint32_t zeroed_from = s.zeroed_from;
  const int width = 32 - gpu::leading_zeros(top - low);
  const unsigned shift = width > 11 ? static_cast<unsigned>(width) - 11 : 0;
  const float* const values = whole ? a.residual : a.pool_values;
  const std::uint32_t count = whole ? a.count : s.candidates;
  fill_shared(bins, kBins, 0);
  for (std::uint32_t tile = gpu::block(); tile <= (count - 1) / kTile; tile += gpu::blocks()) {
    if (restore) restore_tile(a, tile, zeroed_from);
    gpu::barrier();
    const std::uint32_t base = tile * kTile;
    count_tile(values + base, at_most(count - base, kTile), low, top, shift, bins);
  }
  gpu::barrier();
  flush_bins(bins, a.histogram);
  if (!last_block(ticket_of(a.state, Ticket::narrow))) return;
  fetch_bins(bins, a.histogram);
  const Found found = find_rank<kBins / kBlockThreads>(bins, 0, rank);
  if (gpu::thread() != 0) return;
  s.low = low + (found.bin << shift);
  s.top = at_most(top, s.low + (1U << shift) - 1);
  s.rank = found.rank;
}

}  // namespace pliant::cuda

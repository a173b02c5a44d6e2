// Small kernels in the language of kernels; nvcc compiles them unchanged.
#pragma once

#include <gpu/language.hpp>

namespace pliant {

inline constexpr unsigned kThreads = 256;
inline constexpr unsigned kWarps = kThreads / gpu::kWarp;

/// Inclusive prefix sum of `value` over the threads. `sums` has an element for each warp.
template <class Array>
PLIANT_DEVICE unsigned scan(unsigned value, Array& sums) {
  const unsigned lane = gpu::thread() % gpu::kWarp;
  const unsigned warp = gpu::thread() / gpu::kWarp;
  for (unsigned by = 1; by < gpu::kWarp; by *= 2) {
    const unsigned below = gpu::shuffle_up(gpu::kAllLanes, value, by);
    if (lane >= by) value += below;
  }
  if (lane == gpu::kWarp - 1) sums[warp] = value;
  gpu::barrier();
  for (unsigned i = 0; i < warp; ++i) value += sums[i];
  gpu::barrier();
  return value;
}

PLIANT_KERNEL void scan_tiles(const unsigned* from, unsigned* to, std::int64_t count) {
  PLIANT_SHARED_ARRAY(unsigned, sums, kWarps);
  for (std::int64_t first = gpu::block() * kThreads; first < count; first += gpu::blocks() * kThreads) {
    const std::int64_t i = first + gpu::thread();
    const unsigned sum = scan(i < count ? from[i] : 0, sums);
    if (i < count) to[i] = sum;
  }
}

PLIANT_KERNEL void histogram(const unsigned* from, std::int64_t count, std::uint32_t* bins) {
  PLIANT_SHARED_ARRAY(std::uint32_t, own, kThreads);
  own[gpu::thread()] = 0;
  gpu::barrier();
  for (std::int64_t i = gpu::block() * kThreads + gpu::thread(); i < count; i += gpu::blocks() * kThreads) {
    gpu::atomic_add(&own[from[i] % kThreads], 1U);
  }
  gpu::barrier();
  gpu::atomic_add(&bins[gpu::thread()], own[gpu::thread()]);
}

/// Writes the indices of the multiples of 3, in order. Runs as one block.
PLIANT_KERNEL void compact(const unsigned* from, std::int64_t count, unsigned* indices, unsigned* found) {
  PLIANT_SHARED_ARRAY(unsigned, counts, kWarps);
  const unsigned lane = gpu::thread() % gpu::kWarp;
  const unsigned warp = gpu::thread() / gpu::kWarp;
  unsigned base = 0;
  for (std::int64_t first = 0; first < count; first += kThreads) {
    const std::int64_t i = first + gpu::thread();
    const bool keep = i < count && from[i] % 3 == 0;
    const unsigned votes = gpu::ballot(gpu::kAllLanes, keep);
    if (lane == 0) counts[warp] = static_cast<unsigned>(gpu::count_bits(votes));
    gpu::barrier();
    unsigned at = base + static_cast<unsigned>(gpu::count_bits(votes & ((1U << lane) - 1)));
    for (unsigned w = 0; w < kWarps; ++w) {
      if (w < warp) at += counts[w];
      base += counts[w];
    }
    if (keep) indices[at] = static_cast<unsigned>(i);
    gpu::barrier();
  }
  if (gpu::thread() == 0) *found = base;
}

}  // namespace pliant

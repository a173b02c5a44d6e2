// Loops over whole vectors that also compute a squared norm, tile by tile.
#pragma once

#include "kernels/cuda/squares.cuh"

namespace pliant::cuda {

/// The elements of two vectors at one index.
template <class T>
struct Pair {
  T a;
  T b;
};

/// For every `stride`-th i in [begin, end): p = load(i), then store(i, p). Loads several elements before the
/// first store: a compiler cannot know that vectors do not overlap, and would wait for each.
template <class Load, class Store>
PLIANT_DEVICE void for_each_strided(std::int64_t begin, std::int64_t end, std::int64_t stride, Load&& load,
                                    Store&& store) {
  constexpr int kTogether = 4;
  for (; begin < end; begin += kTogether * stride) {
    decltype(load(begin)) loaded[kTogether] = {};
    for (int j = 0; j < kTogether; ++j)
      if (begin + j * stride < end) loaded[j] = load(begin + j * stride);
    for (int j = 0; j < kTogether; ++j)
      if (begin + j * stride < end) store(begin + j * stride, loaded[j]);
  }
}

/// Runs over [0, count), on all blocks together.
template <class Load, class Store>
PLIANT_DEVICE void for_each_element(std::int64_t count, Load&& load, Store&& store) {
  for_each_strided(std::int64_t{gpu::block()} * kBlockThreads + gpu::thread(), count,
                   std::int64_t{gpu::blocks()} * kBlockThreads, load, store);
}

/// Runs over [0, count) tile by tile; store() returns the value to square. Neighbouring threads process
/// neighbouring elements, so vectors need no alignment.
template <class Load, class Store>
PLIANT_DEVICE void for_each_tile(std::int64_t count, double* squares, Load&& load, Store&& store) {
  PLIANT_SHARED_ARRAY(float, items, kTileSlots);
  const std::int64_t tiles = (count + kTile - 1) / kTile;
  for (std::int64_t tile = gpu::block(); tile < tiles; tile += gpu::blocks()) {
    const std::int64_t begin = tile * kTile;
    const auto left = static_cast<unsigned>(count - begin < kTile ? count - begin : kTile);
    for_each_strided(begin + gpu::thread(), begin + left, kBlockThreads, load,
                     [&](std::int64_t i, const Pair<float>& pair) {
                       items[slot_of(static_cast<unsigned>(i - begin))] = store(i, pair);
                     });
    gpu::barrier();
    if (warp() == 0 && lane() < kSumLanes) {
      const double sum = tile_squares(items, left);
      if (lane() == 0) squares[tile] = sum;
    }
    gpu::barrier();
  }
}

PLIANT_DEVICE Pair<float> load_pair(const FeedArguments& a, std::int64_t i) {
  return {a.into[i], a.from[i]};
}

PLIANT_KERNEL void accumulate_kernel(FeedArguments a) {
  for_each_tile(
      a.count, a.squares, [&](std::int64_t i) { return load_pair(a, i); },
      [&](std::int64_t i, const Pair<float>& p) { return a.into[i] = sum_of(p.a, p.b); });
}

PLIANT_KERNEL void drain_kernel(FeedArguments a) {
  for_each_tile(
      a.count, a.squares, [&](std::int64_t i) { return load_pair(a, i); },
      [&](std::int64_t i, const Pair<float>& p) {
        a.into[i] = 0;
        return a.result[i] = sum_of(p.a, p.b);
      });
}

}  // namespace pliant::cuda

// Squared norms in the order that kernels.hpp defines: sixteen sums per tile, then the tiles in order.
#pragma once

#include "kernels/cuda/block.cuh"

namespace pliant::cuda {

inline constexpr unsigned kSumLanes = 16;

/// A tile in shared memory, as four planes. Their distance avoids bank conflicts, both when each thread
/// writes four neighbours and when threads read sixteen elements in a row.
inline constexpr unsigned kPlane = kTile / 4 + 8;
inline constexpr unsigned kTileSlots = 4 * kPlane;
PLIANT_DEVICE unsigned slot_of(unsigned element) {
  return element % 4 * kPlane + element / 4;
}

PLIANT_DEVICE double add_square(double sum, float value) {
  const double x = value;
  return gpu::add(sum, gpu::multiply(x, x));
}

/// Folds the sums of sixteen threads. Thread 0 returns the tile's norm, and thread 16 that of another tile.
PLIANT_DEVICE double fold_lanes(unsigned mask, double sum) {
  for (int width = kSumLanes / 2; width > 0; width /= 2)
    sum = gpu::add(sum, gpu::shuffle_xor(mask, sum, width));
  return sum;
}

/// Squared norm of the first `left` elements of a tile, computed by the first sixteen threads of one warp.
template <class Tile>
PLIANT_DEVICE double tile_squares(Tile& tile, unsigned left) {
  double sum = 0;
  if (left == kTile) {
    PLIANT_UNROLL(16)
    for (unsigned row = 0; row < kTile / kSumLanes; ++row)
      sum = add_square(sum, tile[slot_of(row * kSumLanes + lane())]);
  } else {
    for (unsigned i = lane(); i < left; i += kSumLanes) sum = add_square(sum, tile[slot_of(i)]);
  }
  return fold_lanes(0xffffU, sum);
}

/// Computes norms from global memory, with sixteen threads per tile.
PLIANT_KERNEL void norm_kernel(NormArguments a) {
  const std::int64_t tiles = (a.count + kTile - 1) / kTile;
  const std::int64_t stride = std::int64_t{2} * kWarps * gpu::blocks();
  const unsigned half = lane() / kSumLanes;
  std::uint32_t nonfinite = 0;
  for (std::int64_t pair = std::int64_t{2} * (gpu::block() * kWarps + warp()); pair < tiles; pair += stride) {
    const std::int64_t begin = (pair + half) * kTile;
    const std::int64_t rest = a.count - begin;
    const auto left = static_cast<unsigned>(rest < 0 ? 0 : rest < kTile ? rest : kTile);
    const float* const values = a.values + begin;
    double sum = 0;
    PLIANT_UNROLL(16)
    for (unsigned i = lane() % kSumLanes; i < left; i += kSumLanes) {
      const float value = values[i];
      sum = add_square(sum, value);
      nonfinite += magnitude_of(value) >= kInfiniteBits ? 1 : 0;
    }
    sum = fold_lanes(gpu::kAllLanes, sum);
    if (lane() % kSumLanes == 0 && pair + half < tiles) a.squares[pair + half] = sum;
  }
  if (a.nonfinite == nullptr) return;
  nonfinite = warp_sum(nonfinite);
  if (lane() == 0 && nonfinite > 0) gpu::atomic_add(a.nonfinite, nonfinite);
}

/// Adds the tiles' squares in order, on one warp. All threads do the same dependent additions.
PLIANT_DEVICE double sum_in_order(const double* squares, std::uint32_t tiles) {
  const auto load = [&](std::uint32_t begin) { return begin + lane() < tiles ? squares[begin + lane()] : 0; };
  double total = 0;
  double mine = load(0);
  for (std::uint32_t begin = 0; begin < tiles; begin += gpu::kWarp) {
    const double next = load(begin + gpu::kWarp);  // loads while the additions below run
    const unsigned here = at_most(tiles - begin, gpu::kWarp);
    if (here == gpu::kWarp) {
      PLIANT_UNROLL(32)
      for (int i = 0; i < static_cast<int>(gpu::kWarp); ++i)
        total = gpu::add(total, gpu::shuffle(gpu::kAllLanes, mine, i));
    } else {
      for (unsigned i = 0; i < here; ++i)
        total = gpu::add(total, gpu::shuffle(gpu::kAllLanes, mine, static_cast<int>(i)));
    }
    mine = next;
  }
  return total;
}

/// Runs on one block.
PLIANT_KERNEL void totals_kernel(TotalsArguments a) {
  if (gpu::block() != 0) return;
  if (warp() == 0) {
    const double total = sum_in_order(a.total_squares, a.total_tiles);
    if (lane() == 0) a.selection->total_squared = total;
  } else if (warp() == 1) {
    const double sent = sum_in_order(a.sent_squares, a.sent_tiles);
    if (lane() == 0) a.selection->sent_squared = sent;
  } else if (gpu::thread() == 2 * gpu::kWarp) {
    a.selection->nonfinite = a.state->nonfinite;
    a.state->nonfinite = 0;
  }
}

}  // namespace pliant::cuda

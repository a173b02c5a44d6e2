// Loops over whole vectors that leave a squared norm behind, a tile at a time; and dense reductions.
#pragma once

#include <type_traits>

#include "core/element_type.hpp"
#include "kernels/cuda/squares.cuh"

namespace pliant::cuda {

/// value(i) does what is to be done to element i, and returns what is squared. Neighbouring threads have
/// neighbouring elements, so no array need be aligned.
template <class Value>
PLIANT_DEVICE void for_each_tile(std::int64_t count, double* squares, Value&& value) {
  PLIANT_SHARED_ARRAY(float, items, kTileSlots);
  const std::int64_t tiles = (count + kTile - 1) / kTile;
  for (std::int64_t tile = gpu::block(); tile < tiles; tile += gpu::blocks()) {
    const std::int64_t begin = tile * kTile;
    const auto left = static_cast<unsigned>(count - begin < kTile ? count - begin : kTile);
PLIANT_UNROLL(8)
    for (unsigned i = gpu::thread(); i < left; i += kBlockThreads) items[slot_of(i)] = value(begin + i);
    gpu::barrier();
    if (warp() == 0 && lane() < kSumLanes) {
      const double sum = tile_squares(items, left);
      if (lane() == 0) squares[tile] = sum;
    }
    gpu::barrier();
  }
}

PLIANT_KERNEL void accumulate_kernel(FeedArguments a) {
  for_each_tile(a.count, a.squares, [&](std::int64_t i) {
    const float fed = sum_of(a.into[i], a.from[i]);
    a.into[i] = fed;
    return fed;
  });
}

PLIANT_KERNEL void drain_kernel(FeedArguments a) {
  for_each_tile(a.count, a.squares, [&](std::int64_t i) {
    const float fed = sum_of(a.into[i], a.from[i]);
    a.result[i] = fed;
    a.into[i] = 0;
    return fed;
  });
}

PLIANT_KERNEL void ef21_begin_kernel(FeedArguments a) {
  for_each_tile(a.count, a.squares, [&](std::int64_t i) {
    const float gradient = a.from[i];
    const float change = difference_of(gradient, a.into[i]);
    a.result[i] = change;
    a.into[i] = gradient;
    return change;
  });
}

/// visit(i) for i in [0, count), all blocks together.
template <class Visit>
PLIANT_DEVICE void for_each_element(std::int64_t count, Visit&& visit) {
  const std::int64_t stride = std::int64_t{gpu::blocks()} * kBlockThreads;
PLIANT_UNROLL(4)
  for (std::int64_t i = std::int64_t{gpu::block()} * kBlockThreads + gpu::thread(); i < count; i += stride)
    visit(i);
}

PLIANT_KERNEL void ef21_finish_kernel(FeedArguments a) {
  for_each_element(a.count, [&](std::int64_t i) {
    a.into[i] = difference_of(a.into[i], a.from[i]);
    const float total = sum_of(a.total[i], a.result[i]);
    a.total[i] = total;
    a.result[i] = total;
  });
}

/// Integers wrap: they are added and multiplied without a sign.
template <ReduceOp kOp, class T>
PLIANT_DEVICE T combine(T a, T b) {
  if constexpr (kOp == ReduceOp::min) {
    return b < a ? b : a;
  } else if constexpr (kOp == ReduceOp::max) {
    return a < b ? b : a;
  } else if constexpr (std::is_integral_v<T>) {
    const auto x = static_cast<std::make_unsigned_t<T>>(a);
    const auto y = static_cast<std::make_unsigned_t<T>>(b);
    return static_cast<T>(kOp == ReduceOp::sum ? x + y : x * y);
  } else if constexpr (kOp == ReduceOp::prod) {
    return a * b;
  } else if constexpr (std::is_same_v<T, float>) {
    return sum_of(a, b);
  } else {
    return gpu::add(a, b);
  }
}

template <class T, ReduceOp kOp>
PLIANT_KERNEL void reduce_kernel(ReduceArguments a) {
  T* const into = static_cast<T*>(a.into);
  const T* const from = static_cast<const T*>(a.from);
  for_each_element(a.count, [&](std::int64_t i) { into[i] = combine<kOp>(into[i], from[i]); });
}

}  // namespace pliant::cuda

// Moves values of selected elements.
#pragma once

#include "kernels/cuda/feed.cuh"

namespace pliant::cuda {

PLIANT_KERNEL void gather_kernel(MoveArguments a) {
  for_each_element(
      a.kept, [&](std::int64_t j) { return a.into[a.indices[j]]; },
      [&](std::int64_t j, float value) { a.values[j] = value; });
}

/// A value and its index.
struct Placed {
  float value;
  std::uint32_t index;
};

PLIANT_KERNEL void take_kernel(MoveArguments a) {
  for_each_element(
      a.kept,
      [&](std::int64_t j) {
        const std::uint32_t index = a.indices[j];
        return Placed{a.into[index], index};
      },
      [&](std::int64_t j, const Placed& taken) {
        a.values[j] = taken.value;
        a.into[taken.index] = 0;
      });
}

PLIANT_KERNEL void scatter_add_kernel(MoveArguments a) {
  for_each_element(
      a.kept,
      [&](std::int64_t j) {
        const std::uint32_t index = a.indices[j];
        return Placed{sum_of(a.into[index], a.values[j]), index};
      },
      [&](std::int64_t, const Placed& sum) { a.into[sum.index] = sum.value; });
}

}  // namespace pliant::cuda

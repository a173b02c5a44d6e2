// Values of chosen elements, to and fro.
#pragma once

#include "kernels/cuda/feed.cuh"

namespace pliant::cuda {

PLIANT_KERNEL void gather_kernel(MoveArguments a) {
  for_each_element(a.kept, [&](std::int64_t j) { a.values[j] = a.into[a.indices[j]]; });
}

PLIANT_KERNEL void take_kernel(MoveArguments a) {
  for_each_element(a.kept, [&](std::int64_t j) {
    float* const from = a.into + a.indices[j];
    a.values[j] = *from;
    *from = 0;
  });
}

PLIANT_KERNEL void scatter_add_kernel(MoveArguments a) {
  for_each_element(a.kept, [&](std::int64_t j) {
    float* const to = a.into + a.indices[j];
    *to = sum_of(*to, a.values[j]);
  });
}

}  // namespace pliant::cuda

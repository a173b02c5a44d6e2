// The list of kernels: what launches them, on a device or on the host that stands for one, goes through it.
#pragma once

#include <gpu/language.hpp>

#include "kernels/cuda/kernel_list.hpp"

namespace pliant::cuda {

PLIANT_KERNEL void accumulate_kernel(AccumulateArguments a) {
  const std::int64_t stride = static_cast<std::int64_t>(gpu::blocks()) * gpu::threads();
  for (std::int64_t i = static_cast<std::int64_t>(gpu::block()) * gpu::threads() + gpu::thread(); i < a.count;
       i += stride)
    a.into[i] = gpu::add(a.into[i], a.from[i]);
}

/// visit(Kernel, its function) for each.
template <class Visit>
constexpr void for_each_kernel(Visit&& visit) {
  visit(Kernel::accumulate, accumulate_kernel);
}

}  // namespace pliant::cuda

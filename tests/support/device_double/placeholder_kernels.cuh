// The kernels there are until the real list is here.
#pragma once

#include <gpu/language.hpp>

#include "kernels/cuda/kernel_list.hpp"

namespace pliant::cuda {

PLIANT_KERNEL void accumulate_kernel(AccumulateArguments a) {
  const std::int64_t step = static_cast<std::int64_t>(gpu::blocks()) * gpu::threads();
  std::int64_t i = static_cast<std::int64_t>(gpu::block()) * gpu::threads() + gpu::thread();
  for (; i < a.count; i += step) a.into[i] = gpu::add(a.into[i], a.from[i]);
}

template <class Visit>
constexpr void for_each_kernel(Visit&& visit) {
  visit(Kernel::accumulate, accumulate_kernel);
}

}  // namespace pliant::cuda

// All kernels, by name, for the launcher's table.
#pragma once

#include "kernels/cuda/emit.cuh"
#include "kernels/cuda/feed.cuh"
#include "kernels/cuda/guess.cuh"
#include "kernels/cuda/move.cuh"
#include "kernels/cuda/narrow.cuh"
#include "kernels/cuda/squares.cuh"
#include "kernels/cuda/stream.cuh"

namespace pliant::cuda {

/// Calls visit(name, kernel) for each kernel.
template <class Visit>
constexpr void for_each_kernel(Visit&& visit) {
  visit(Kernel::sample, sample_kernel);
  visit(Kernel::stream, stream_kernel);
  visit(Kernel::stream_counting, stream_counting_kernel);
  visit(Kernel::narrow, narrow_kernel);
  visit(Kernel::share, share_kernel);
  visit(Kernel::emit, emit_kernel);
  visit(Kernel::norm, norm_kernel);
  visit(Kernel::totals, totals_kernel);
  visit(Kernel::accumulate, accumulate_kernel);
  visit(Kernel::drain, drain_kernel);
  visit(Kernel::gather, gather_kernel);
  visit(Kernel::take, take_kernel);
  visit(Kernel::scatter_add, scatter_add_kernel);
}

}  // namespace pliant::cuda

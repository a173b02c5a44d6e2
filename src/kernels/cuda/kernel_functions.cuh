// All kernels, by name, for the launcher's table.
#pragma once

#include "kernels/cuda/emit.cuh"
#include "kernels/cuda/feed.cuh"
#include "kernels/cuda/guess.cuh"
#include "kernels/cuda/move.cuh"
#include "kernels/cuda/narrow.cuh"
#include "kernels/cuda/pack.cuh"
#include "kernels/cuda/squares.cuh"
#include "kernels/cuda/stream.cuh"

namespace pliant::cuda {

/// Calls visit(name, kernel) for the reductions of T; `sum` names the sum.
template <class T, class Visit>
constexpr void for_each_reduction(Kernel sum, Visit&& visit) {
  const auto name = [sum](unsigned op) { return static_cast<Kernel>(static_cast<unsigned>(sum) + op); };
  visit(name(0), reduce_kernel<T, ReduceOp::sum>);
  visit(name(1), reduce_kernel<T, ReduceOp::min>);
  visit(name(2), reduce_kernel<T, ReduceOp::max>);
  visit(name(3), reduce_kernel<T, ReduceOp::prod>);
}

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
  visit(Kernel::ef21_begin, ef21_begin_kernel);
  visit(Kernel::ef21_finish, ef21_finish_kernel);
  visit(Kernel::gather, gather_kernel);
  visit(Kernel::take, take_kernel);
  visit(Kernel::scatter_add, scatter_add_kernel);
  visit(Kernel::measure_gaps, measure_gaps_kernel);
  visit(Kernel::pack, pack_kernel);
  visit(Kernel::read_widths, read_widths_kernel);
  visit(Kernel::unpack, unpack_kernel);
  visit(Kernel::add_up, add_up_kernel);
  for_each_reduction<float>(Kernel::reduce_float32_sum, visit);
  for_each_reduction<double>(Kernel::reduce_float64_sum, visit);
  for_each_reduction<std::int32_t>(Kernel::reduce_int32_sum, visit);
  for_each_reduction<std::int64_t>(Kernel::reduce_int64_sum, visit);
}

}  // namespace pliant::cuda

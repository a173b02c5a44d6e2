#include "collectives/sparse/sparse.hpp"

#include <mpi.h>

#include <algorithm>
#include <cmath>

#include "kernels/long_vectors.hpp"
#include "kernels/streaming_topk.hpp"

namespace pliant {
namespace {

void leave_out_nonfinite(Selection& found, const float* values, std::int64_t kept) {
  if (found.nonfinite > 0) found.sent_squared = finite_squared(values, kept);
}

/// Remembers what was taken. `indices` follow those taken before.
void note_taken(AllreduceCall& call, const std::uint32_t* indices, const float* values, std::int64_t kept) {
  TakenElements& taken = call.taken;
  auto* const copies = call.workspace.taken.of<float>(call.shape.kept);
  if (taken.kept == 0) taken = {.indices = indices, .values = copies};
  std::copy_n(values, kept, copies + taken.kept);
  taken.kept += kept;
}

}  // namespace

bool supports_sparse(const AllreduceShape& shape) {
  return shape.type == ElementType::float32 && shape.count > 0 && shape.count <= (std::int64_t{1} << 32);
}

CompressTimer::CompressTimer(double& total_s) : total_s_(total_s), begin_s_(MPI_Wtime()) {}

CompressTimer::~CompressTimer() {
  total_s_ += MPI_Wtime() - begin_s_;
}

void select_own(AllreduceCall& call, Picks picks, GainCurve* curve) {
  Selection& told = call.outcome.selection;
  if (call.own.made) {
    if (picks == Picks::leave) return;
    const double total_squared = told.total_squared;
    told = take_sent(call, call.own.indices, call.shape.kept, call.own.values);
    told.total_squared = total_squared;
    return;
  }
  SelectCall<float> select{.residual = call.residual,
                           .gradient = call.gradient,
                           .count = call.shape.count,
                           .kept = call.shape.kept,
                           .take = picks == Picks::take,
                           .curve = curve};
  told = select_topk(call.kernels, select, call.workspace.select);
  leave_out_nonfinite(told, select.values, select.kept);
  call.own = {true, select.indices, select.values, told.sent_squared, told.nonfinite};
  call.gradient = nullptr;
  if (picks == Picks::leave) {
    told = {.total_squared = told.total_squared};
  } else {
    note_taken(call, call.own.indices, call.own.values, call.shape.kept);
  }
}

Selection take_sent(AllreduceCall& call, const std::uint32_t* indices, std::int64_t kept, float* values) {
  Selection taken = take(call.kernels, call.residual, indices, kept, values, call.workspace.select);
  leave_out_nonfinite(taken, values, kept);
  note_taken(call, indices, values, kept);
  return taken;
}

PutBack::~PutBack() {
  const TakenElements& taken = call_.taken;
  if (taken.kept > 0)
    scatter_add(call_.kernels, call_.residual, taken.indices, taken.values, taken.kept,
                call_.workspace.select);
  nothing();
}

double finite_squared(const float* values, std::int64_t count) {
  double squared = 0;
  for (std::int64_t i = 0; i < count; ++i)
    if (std::isfinite(values[i])) squared += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return squared;
}

void feed(AllreduceCall& call) {
  if (!call.own.made && call.workspace.select.device == nullptr)
    reserve_selection<float>(call.workspace.select, call.shape.count, call.shape.kept);
  if (call.gradient == nullptr) return;
  call.outcome.selection.total_squared =
      accumulate(call.kernels, call.residual, call.gradient, call.shape.count, call.workspace.select);
  call.gradient = nullptr;
}

void clear_result(AllreduceCall& call) {
  clear(call.data, call.shape.bytes(), call.workspace.select);
}

}  // namespace pliant

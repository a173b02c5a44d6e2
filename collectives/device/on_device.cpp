// nccl, nccl_star, mpi_star: a gradient leaves the device only through NCCL, or through an MPI library that
// takes pointers to device memory.
//
//   nccl        ncclAllReduce of the whole vector. Exact; the same bits on all ranks is NCCL's doing.
//   *_star      AR-Topk with a leader that rotates (star.cpp), P = 3, k = 2, leader 1:
//     select      rank 1: its top-k 4 9            residual += gradient on the others
//     broadcast   4 9 to all                       4 k bytes
//     take        values at 4 9 out of everybody's residual
//     allreduce   k values                         4 k bytes
//     scatter     into a cleared result
//
// The host waits for the leader's indices, for numbers, and for the end. Work that may wait for other ranks
// has a stream of its own, on which the host never blocks. NCCL's time is measured as a line in the bytes
// (DeviceModel::nccl); MPI's is assumed to be that of its allreduce on the host. Source: Table I of the
// flexible-communication paper for the steps.
#include "collectives/device/on_device.hpp"

#include <array>

#include "collectives/dense/dense.hpp"
#include "collectives/device/device_part.hpp"
#include "collectives/exchange.hpp"
#include "collectives/sparse/leader.hpp"
#include "collectives/sparse/sparse.hpp"
#include "mpi/check.hpp"
#include "mpi/datatype.hpp"

namespace pliant {
namespace {

/// Transport of vectors from device to device.
struct Carrier {
  bool (*supports)(const AllreduceShape& shape);
  double (*cost_s)(double bytes, const AllreduceShape& shape, const CostModel& model);
  Task (*broadcast)(AllreduceCall& call, void* memory, std::int64_t bytes, int root);
  Task (*all_reduce)(AllreduceCall& call, void* memory, std::int64_t count, ElementType type);
};

// ---- NCCL ----

bool nccl_supports(const AllreduceShape& shape) {
  return shape.memory == Memory::device && shape.has_nccl;
}

double nccl_s(double bytes, const AllreduceShape&, const CostModel& model) {
  return model.device.nccl.alpha_s + bytes * model.device.nccl.beta_s_per_byte;
}

/// Tells the other ranks, while NCCL works, that this rank has called it. The timeout counts only once all
/// have: a rank may come late by any time, as to any collective.
Task nccl_meet(AllreduceCall& call) {
  std::array<double, 1> nothing = {0};
  co_await agree_max(call, nothing);
  call.device->nccl->all_are_here();
}

/// Waits until NCCL has taken the call and carried it out.
Task nccl_finish(AllreduceCall& call) {
  const auto settled = [&] { return call.device->nccl->settled(); };
  co_await until(settled);
  call.device->nccl->finish();
  const auto finished = [&] { return call.device->nccl->finished(); };
  co_await until(finished);
}

Task nccl_broadcast(AllreduceCall& call, void* memory, std::int64_t bytes, int root) {
  call.device->nccl->broadcast(memory, bytes, root);
  co_await nccl_meet(call);
  co_await nccl_finish(call);
}

/// All ranks have come: nccl_broadcast() went before.

Task nccl_all_reduce(AllreduceCall& call, void* memory, std::int64_t count, ElementType type) {
  call.device->nccl->all_reduce(memory, count, type, call.op);
  call.device->nccl->all_are_here();
  co_await nccl_finish(call);
}

constexpr Carrier kNccl{nccl_supports, nccl_s, nccl_broadcast, nccl_all_reduce};

// ---- MPI: its blocking collectives alone. In Open MPI the nonblocking ones take no device memory (libnbc
// reduces on the host whatever it is given). A call that may not block is not offered these: its shape has
// mpi_reads_device false. ----

bool mpi_supports(const AllreduceShape& shape) {
  return shape.memory == Memory::device && shape.mpi_reads_device;
}

double mpi_s(double bytes, const AllreduceShape& shape, const CostModel& model) {
  AllreduceShape part = shape;
  part.count = static_cast<std::int64_t>(bytes) / element_bytes(shape.type);
  return mpi_allreduce.cost_s(part, model);
}

/// Waits for the device's work, whose results MPI reads.
void complete_work(AllreduceCall& call) {
  call.device->device.wait(call.device->device.work());
}

Task mpi_broadcast(AllreduceCall& call, void* memory, std::int64_t bytes, int root) {
  complete_work(call);
  check(MPI_Bcast(memory, static_cast<int>(bytes / 4), MPI_UINT32_T, root, call.comm.handle()), "MPI_Bcast");
  co_return;
}

Task mpi_all_reduce(AllreduceCall& call, void* memory, std::int64_t count, ElementType type) {
  complete_work(call);
  check(MPI_Allreduce(MPI_IN_PLACE, memory, static_cast<int>(count), mpi_datatype(type), mpi_op(call.op),
                      call.comm.handle()),
        "MPI_Allreduce");
  co_return;
}

constexpr Carrier kMpi{mpi_supports, mpi_s, mpi_broadcast, mpi_all_reduce};

// ---- Everything by NCCL ----

double whole_s(const AllreduceShape& shape, const CostModel& model) {
  return nccl_s(static_cast<double>(shape.bytes()), shape, model);
}

/// Traffic as if it were a ring: NCCL's own choice is not known.
Traffic whole_sent(const AllreduceShape& shape, int) {
  return {2 * std::int64_t{shape.ranks - 1}, 2 * shape.bytes() * (shape.ranks - 1) / shape.ranks};
}

Task run_whole(AllreduceCall& call) {
  call.device->nccl->all_reduce(call.data, call.shape.count, call.shape.type, call.op);
  co_await nccl_meet(call);
  co_await nccl_finish(call);
  call.comm.add_estimated_bytes(whole_sent(call.shape, call.comm.rank()).bytes);
}

// ---- A leader's indices ----

template <const Carrier& carrier>
bool star_supports(const AllreduceShape& shape) {
  return carrier.supports(shape) && supports_sparse(shape) && shape.kept <= (std::int64_t{1} << 30);
}

template <const Carrier& carrier>
double star_s(const AllreduceShape& shape, const CostModel& model) {
  const double pass_s = model.compute.select_s_per_element + model.compute.apply_s_per_element;
  const double message_s = carrier.cost_s(static_cast<double>(shape.kept_bytes()), shape, model);
  return static_cast<double>(shape.count) * pass_s + 2 * message_s +
         2 * static_cast<double>(shape.kept) * model.compute.pair_s_per_element;
}

/// A rank passes on once what it received in the broadcast; the values go round a ring.
Traffic star_sent(const AllreduceShape& shape, int) {
  if (shape.ranks == 1) return {};
  return whole_sent(leader::values_shape(shape), 0) + Traffic{1, shape.index_bytes()};
}

template <const Carrier& carrier>
Task run_star(AllreduceCall& call) {
  const int root = static_cast<int>(call.step % call.comm.ranks());
  cuda::DeviceVectors& vectors = call.workspace.device->vectors;
  cuda::DevicePairs pairs = vectors.pairs(call.shape.kept);
  {
    const CompressTimer timer(call.outcome.compress_s);
    if (call.comm.rank() == root) {
      select_own(call, Picks::leave);
      vectors.put_indices(pairs, call.own.indices);
    } else {
      feed(call);
    }
    clear_result(call);
  }
  co_await carrier.broadcast(call, pairs.indices, call.shape.index_bytes(), root);
  const double total_squared = call.outcome.selection.total_squared;
  call.outcome.selection = vectors.take_there(call.residual, pairs);
  call.outcome.selection.total_squared = total_squared;
  co_await carrier.all_reduce(call, pairs.values, call.shape.kept, ElementType::float32);
  vectors.scatter_add_there(reinterpret_cast<float*>(call.data), pairs);
  call.comm.add_estimated_bytes(star_sent(call.shape, call.comm.rank()).bytes);
}

}  // namespace

constinit const AllreduceAlgorithm nccl_allreduce{
    .name = "nccl",
    .summary = "NCCL's own, from device to device; bytes are estimates",
    .exact = true,
    .deterministic = false,
    .supports = nccl_supports,
    .cost_s = whole_s,
    .tuned = nullptr,
    .sent = whole_sent,
    .run = run_whole,
    .calls_mpi = true,
    .reach = Reach::device,
};

constinit const AllreduceAlgorithm nccl_star_allreduce{
    .name = "nccl_star",
    .summary = "rotating leader's indices, all by NCCL from device to device; bytes are estimates",
    .exact = false,
    .deterministic = false,
    .supports = star_supports<kNccl>,
    .cost_s = star_s<kNccl>,
    .tuned = nullptr,
    .sent = star_sent,
    .run = run_star<kNccl>,
    .calls_mpi = true,
    .rule = SelectionRule::turn,
    .reach = Reach::device,
};

constinit const AllreduceAlgorithm mpi_star_allreduce{
    .name = "mpi_star",
    .summary = "rotating leader's indices, by an MPI that reads device memory; bytes are estimates",
    .exact = false,
    .deterministic = false,
    .supports = star_supports<kMpi>,
    .cost_s = star_s<kMpi>,
    .tuned = nullptr,
    .sent = star_sent,
    .run = run_star<kMpi>,
    .calls_mpi = true,
    .rule = SelectionRule::turn,
    .reach = Reach::device,
};

}  // namespace pliant

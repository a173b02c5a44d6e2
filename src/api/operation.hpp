// One allreduce, top to bottom: agree, decide, run, report.
#pragma once

#include <mpi.h>

#include "api/context.hpp"

namespace pliant {

/// An operation's buffers in a device's memory.
struct DeviceBuffers {
  DevicePart* part = nullptr;  ///< null: the buffers are the host's
  const void* send = nullptr;  ///< [count]
  void* recv = nullptr;        ///< [count]
  bool resident = true;        ///< false: the operation's own buffers are copies on the host
  bool roomy = true;           ///< there is memory for a selection and its pairs, too
};

struct Operation {
  const Plan& plan;
  TensorState* tensor;  ///< null for a blocking call that found no room for one
  const void* send;     ///< [count]; equal to recv when in place
  void* recv;           ///< [count]
  std::int64_t count;   ///< elements, > 0
  ElementType type;
  ReduceOp op;
  bool blocking;  ///< whether `tensor` exists, and its step, may differ between ranks

  int tag = 0;                        ///< the first of its AllreduceCall::kTags
  MPI_Comm mpi_comm = MPI_COMM_NULL;  ///< for MPI's own collectives; null: the context's
  HostLanes* hosts = nullptr;         ///< of a request's own; null: it takes no notice of hosts
  /// Made before the network was measured, so that starts may come before or after that: the nominal model
  /// holds for good.
  bool nominal = false;
  DeviceBuffers device{};
  int place = 0;  ///< of a blocking call: where this rank found `tensor`; Tensors::find()
};

/// An operation that is being carried out. Stays where it is until it has ended.
struct OperationRun {
  Context& context;
  const Operation operation;
  UnderWay& under_way;
  bool tensor_unknown = false;  ///< out: nothing was done, since ranks must agree on the call's tensor first
  Pliant_Report report{};       ///< out
  double begin_s = 0;           ///< out: [s] when it began; measuring the network comes before
  double outside_s = 0;         ///< out: OutsideTime::total_s() then
  std::int64_t step = 0;        ///< out
  bool alone = false;           ///< out: no other operation was under way on the communicator
  bool teaches = false;         ///< its time is a sample that ranks meet over: nothing else may be in it
  bool sampled = false;         ///< out: its time holds that of a sample of its staleness
  double away_s = 0;            ///< [s] that the program spent elsewhere while it was under way
  const AllreduceAlgorithm* algorithm = nullptr;  ///< out
  double formula_s = 0;                           ///< out: as Decision's
  bool may_lose = false;                          ///< out: such a call can be a lossy one
  const Lane* lane = nullptr;                     ///< out: null where nothing is learned
  double worth = 1;                               ///< out: density of allgather_topk that is as good

  FramePool& frames() { return under_way.workspace.frames; }
};

/// Collective. Leaves the result in `recv` and what was done in `report`, but for the bytes sent.
Task run_operation(OperationRun& run);
/// Completes the report once the operation has ended, and writes its row of the trace.
void tell(OperationRun& run);

/// [byte] Shorter exact messages are chosen for by the nominal model: measuring takes longer than they do.
constexpr std::int64_t kMeasureBytes = 16384;

/// Of a request whose program computed meanwhile, most of the time that passed is no prediction's: of what
/// was measured, this share may have been spent elsewhere.
constexpr double kMostAway = 0.02;

/// Will such an operation need a measured network?
bool needs_measuring(const Plan& plan, const AllreduceShape& shape, ReduceOp op);

/// Add what all ranks have not sent of `tensor` to result[count], exactly; nothing is outstanding then.
/// Collective.
void flush_tensor(Context& context, const Plan& plan, TensorState& tensor, float* result);

/// A zeroed report of this size.
Pliant_Report empty_report();

}  // namespace pliant

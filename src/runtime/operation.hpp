// The steps of one allreduce: agree, decide, run, report.
#pragma once

#include <mpi.h>

#include "runtime/context.hpp"

namespace pliant {

/// An operation's buffers in a device's memory.
struct DeviceBuffers {
  DevicePart* part = nullptr;  ///< null: the buffers are the host's
  const void* send = nullptr;  ///< [count]
  void* recv = nullptr;        ///< [count]
  bool resident = true;        ///< false: the operation's own buffers are copies on the host
  bool roomy = true;           ///< the device has memory for a selection and its pairs
};

struct Operation {
  const Plan& plan;
  TensorState* tensor;  ///< null: no tensor yet, an exact blocking call, or no place left
  const void* send;     ///< [count]; equal to recv when in place
  void* recv;           ///< [count]
  std::int64_t count;   ///< elements, > 0
  ElementType type;
  ReduceOp op;
  bool blocking;  ///< whether `tensor` exists, and its step, may differ between ranks

  int tag = 0;                        ///< the first of its AllreduceCall::kTags
  MPI_Comm mpi_comm = MPI_COMM_NULL;  ///< for MPI's own collectives; null: the context's
  HostChannels* hosts = nullptr;      ///< host channels of a request; null: hosts are ignored
  /// The request was made before the network was measured. Ranks may start it before or after a measurement,
  /// so it always uses the nominal model.
  bool nominal = false;
  DeviceBuffers device{};
  int place = 0;             ///< of a blocking call: where this rank found `tensor`; Tensors::find()
  CallSite* site = nullptr;  ///< null: decide_exact() decides
};

/// A pending operation with its results. It must not move until it has ended.
struct OperationRun {
  Context& context;
  const Operation operation;
  PendingOperation& pending;
  bool tensor_unknown = false;  ///< out: nothing was done, since ranks must agree on the call's tensor first
  Pliant_Report report{};       ///< out
  double begin_s = 0;           ///< out: [s] begin, after any measurement of the network
  double outside_s = 0;         ///< out: OutsideTime::total_s() at begin_s
  std::int64_t step = 0;        ///< out
  bool alone = false;           ///< out: no other operation was pending on the communicator
  double away_s = 0;            ///< [s] that the program spent outside Pliant while the operation was pending
  const AllreduceAlgorithm* algorithm = nullptr;  ///< out
  double formula_s = 0;                           ///< out: as Decision's
  bool may_lose = false;                          ///< out: a lossy algorithm may do such a call
  bool learned_from = false;                      ///< out: its call site holds sync rounds
  double equivalent = 1;                          ///< out: equivalent density of allgather_topk

  FramePool& frames() { return pending.workspace.frames; }
};

/// Reduces into `recv` and fills in `report`, except for the bytes sent. Collective.
Task run_operation(OperationRun& run);
/// Completes the report after the operation has ended, updates the policy, and writes a row of the trace.
void publish_report(OperationRun& run);

/// A request's timing is ignored if the program spent a larger share of it outside Pliant.
constexpr double kMostAway = 0.02;

/// Adds what all ranks have not sent of `tensor` to result[count], exactly, and clears the residuals.
/// Collective.
void flush_tensor(Context& context, const Plan& plan, TensorState& tensor, float* result);

/// A report with `size`, gain 1, density 1 and no straggler; all else is 0.
Pliant_Report empty_report();

}  // namespace pliant

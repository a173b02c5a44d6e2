// An operation on a device's memory: the place of its vectors, and the detection of a failed device.
//
//   resident      residual and buffers stay on the device (long_vectors.hpp, Reach::any and device), whole
//                 vectors are staged for exact algorithms (collectives/device/staging.hpp)
//   not resident  the device has no room for a residual, or the error feedback works on the host alone:
//                 the gradient is brought to the host, and the host's result is brought back
#pragma once

#include "runtime/operation.hpp"

namespace pliant {

/// Orders the device work of the next operation after all work that the program has put on its stream. Called
/// in the program's thread, before the operation begins. Throws Error(argument), with nothing done, for a
/// stream that cannot be waited for.
void follow_stream(DevicePart& part, const Plan& plan);

/// Decides whether the operation's vectors and its tensor's residual stay in `part`'s memory, and allocates
/// them. `lossy`: may the operation be a lossy one?
void place_on_device(Operation& operation, DevicePart& part, Context& context, PendingOperation& pending,
                     bool lossy);

/// Sets the members of `shape` that concern device memory.
void describe_device(const OperationRun& run, AllreduceShape& shape);

/// An operation's position in the queue of its device; none for host memory. The operation leaves the queue
/// at its end, or as soon as it is known to need no order (leave()).
class DeviceTurn {
 public:
  explicit DeviceTurn(DevicePart* part);
  DeviceTurn(const DeviceTurn&) = delete;
  DeviceTurn& operator=(const DeviceTurn&) = delete;
  ~DeviceTurn() { leave(); }

  void leave();
  bool has_come() const;

 private:
  DevicePart* part_;  ///< null: not in a queue
  std::int64_t turn_ = 0;
};

/// Waits for earlier operations in the queue if `algorithm` needs one order on all ranks (it calls MPI), or
/// if pliant_min_gain may replace it by one that does.
Task await_turn(AllreduceCall& call, const OperationRun& run, DeviceTurn& turn,
                const AllreduceAlgorithm& algorithm);

/// Makes the operation's input available on the device or on the host. Waits for it if the host reads it.
Task begin_on_device(OperationRun& run, AllreduceCall& call);

/// Completes the result in the program's buffer. Collective: if the device of any rank failed, throws the
/// same Error(other) on all ranks, and the communicator takes no more device memory.
Task end_on_device(OperationRun& run, AllreduceCall& call);

}  // namespace pliant

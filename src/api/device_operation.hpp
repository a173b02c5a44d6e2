// An operation on a device's memory: where its vectors are meanwhile, and how the ranks learn that a device
// failed.
//
//   resident      residual and buffers stay on the device (long_vectors.hpp, Reach::any and device), whole
//                 vectors are staged for exact algorithms (collectives/device/staging.hpp)
//   not resident  the device has no room for a residual, or the error feedback works on the host alone:
//                 the gradient is brought to the host, and the host's result is brought back
#pragma once

#include "api/operation.hpp"

namespace pliant {

/// What the program has put on its stream so far comes before what an operation puts on the device. In the
/// program's thread, before the operation begins. Throws Error(argument) for a stream that cannot be waited
/// for, and nothing has happened then.
void follow_stream(DevicePart& part, const Plan& plan);

/// The operation's buffers, which lie in `part`'s memory, and its tensor's residual find their place.
/// `buffers` are what the caller gave. `lossy`: may it be a lossy one?
void place_on_device(Operation& operation, DevicePart& part, Context& context, UnderWay& under_way,
                     bool lossy);

/// What of the shape only calls on a device's memory have.
void describe_device(const OperationRun& run, AllreduceShape& shape);

/// An operation's place among those under way on its device; none where it is the host's. Left at its end, or
/// as soon as it is known to need no order (leave()).
class DeviceTurn {
 public:
  explicit DeviceTurn(DevicePart* part);
  DeviceTurn(const DeviceTurn&) = delete;
  DeviceTurn& operator=(const DeviceTurn&) = delete;
  ~DeviceTurn() { leave(); }

  void leave();
  bool has_come() const;

 private:
  DevicePart* part_;  ///< null: no place
  std::int64_t turn_ = 0;
};

/// Where `algorithm` wants one order on all ranks, or may give way to one that does: returns when operations
/// that were started before, and that do, have ended.
Task await_turn(AllreduceCall& call, const OperationRun& run, DeviceTurn& turn,
                const AllreduceAlgorithm& algorithm);

/// The input is where the operation wants it, and complete where the host would wait for it.
Task begin_on_device(OperationRun& run, AllreduceCall& call);

/// The result is where the program wants it, and complete. The ranks tell one another whether a device
/// failed: throws the same Error(other) on all of them then, and the communicator takes no more device
/// memory.
Task end_on_device(OperationRun& run, AllreduceCall& call);

}  // namespace pliant

// What calls on a device's memory need besides.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "collectives/allreduce.hpp"
#include "collectives/device/nccl_communicator.hpp"
#include "kernels/cuda/device.hpp"
#include "kernels/cuda/device_vectors.hpp"

namespace pliant {

/// Operations that are under way on a device's memory, in the order of their starts. NCCL's collectives, and
/// MPI's, come in one order on all ranks if each operation that uses them waits for those that were started
/// before it, and programs start such operations in one order.
class Turns {
 public:
  std::int64_t take() {
    waiting_.push_back(next_);
    return next_++;
  }
  void leave(std::int64_t turn) { std::erase(waiting_, turn); }
  bool is_first(std::int64_t turn) const { return waiting_.front() == turn; }

 private:
  std::int64_t next_ = 0;
  std::vector<std::int64_t> waiting_;  ///< ascending
};

/// A communicator's, from its first such call.
struct DevicePart {
  DevicePart(const cuda::Calls& calls, int number, cuda::WaitingWork& waiting_work)
      : device(calls, number, waiting_work) {}

  cuda::Device device;
  std::unique_ptr<NcclCommunicator> nccl;  ///< null: there is none
  Turns turns;
};

/// Blocks that are on their way at once when whole vectors are staged: one comes, one is reduced, one goes.
inline constexpr std::size_t kStagingSlots = 3;

/// An operation's, kept between calls. One call at a time uses it.
struct DeviceWorkspace {
  explicit DeviceWorkspace(cuda::Device& device)
      : vectors(device),
        slots{{cuda::HostRoom(device), cuda::HostRoom(device), cuda::HostRoom(device)}},
        arrived{{cuda::Moment(device), cuda::Moment(device), cuda::Moment(device)}},
        whole(device),
        moment(device) {}

  /// Before an operation: memory that could not be pinned for the last ones may be by now.
  void pin_again() {
    vectors.pin_again();
    for (cuda::HostRoom& slot : slots) slot.pin_again();
    whole.pin_again();
  }

  cuda::DeviceVectors vectors;
  std::array<cuda::HostRoom, kStagingSlots> slots;  ///< staging: what was brought to the host
  std::array<cuda::Moment, kStagingSlots> arrived;  ///< and when
  cuda::HostRoom whole;  ///< a whole vector, of an operation that stays on the host
  cuda::Moment moment;
};

}  // namespace pliant

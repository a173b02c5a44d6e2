// State that calls on device memory need besides.
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

/// Operations in progress on device memory, in the order of their starts. NCCL's and MPI's collectives need
/// one order on all ranks. They get it if programs start such operations in one order, and each operation
/// that uses them waits for those started before it.
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

/// A communicator's state for device memory, from its first such call on.
struct DevicePart {
  DevicePart(const cuda::Calls& calls, int number, cuda::WaitingWork& waiting_work)
      : device(calls, number, waiting_work) {}

  cuda::Device device;
  std::unique_ptr<NcclCommunicator> nccl;  ///< null: there is none
  Turns turns;
};

/// Blocks in flight when whole vectors are staged: one arrives, one is reduced, one goes back.
inline constexpr std::size_t kStagingSlots = 3;

/// An operation's state for device memory, kept between calls. One call at a time uses it.
struct DeviceWorkspace {
  explicit DeviceWorkspace(cuda::Device& device)
      : vectors(device),
        slots{{cuda::HostScratch(device), cuda::HostScratch(device), cuda::HostScratch(device)}},
        arrived{{cuda::DeviceEvent(device), cuda::DeviceEvent(device), cuda::DeviceEvent(device)}},
        whole(device),
        event(device) {}

  /// Call before an operation: memory that could not be pinned earlier may be pinned now.
  void pin_again() {
    vectors.pin_again();
    for (cuda::HostScratch& slot : slots) slot.pin_again();
    whole.pin_again();
  }

  cuda::DeviceVectors vectors;
  std::array<cuda::HostScratch, kStagingSlots> slots;    ///< staging: blocks on the host
  std::array<cuda::DeviceEvent, kStagingSlots> arrived;  ///< staging: their arrival
  cuda::HostScratch whole;  ///< a whole vector, of an operation that stays on the host
  cuda::DeviceEvent event;
};

}  // namespace pliant

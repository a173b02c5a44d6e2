// What calls on a device's memory need besides.
#pragma once

#include <array>
#include <memory>

#include "collectives/allreduce.hpp"
#include "collectives/device/nccl_communicator.hpp"
#include "kernels/cuda/device.hpp"
#include "kernels/cuda/device_vectors.hpp"

namespace pliant {

/// A communicator's, from its first such call.
struct DevicePart {
  DevicePart(const cuda::Calls& calls, int number) : device(calls, number) {}

  cuda::Device device;
  std::unique_ptr<NcclCommunicator> nccl;  ///< null: there is none
};

/// An operation's, kept between calls. One call at a time uses it.
struct DeviceWorkspace {
  explicit DeviceWorkspace(cuda::Device& device)
      : vectors(device),
        slots{{cuda::HostRoom(device), cuda::HostRoom(device)}},
        arrived{{cuda::Moment(device), cuda::Moment(device)}},
        whole(device),
        moment(device) {}

  cuda::DeviceVectors vectors;
  std::array<cuda::HostRoom, 2> slots;  ///< staging: what was brought to the host
  std::array<cuda::Moment, 2> arrived;  ///< and when
  cuda::HostRoom whole;                 ///< a whole vector, of an operation that stays on the host

  cuda::Moment moment;
};

}  // namespace pliant

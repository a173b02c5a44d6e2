// Measures how long a device takes to copy, select and reduce.
#pragma once

#include "collectives/device/device_part.hpp"
#include "core/link_model.hpp"

namespace pliant {

/// Returns the slowest rank's times. Collective. Takes some milliseconds, and meanwhile up to 250 MB of the
/// device's memory. A number for which the device has no room stays 0.
DeviceModel measure_device(DevicePart& part, Communicator& comm, const Kernels& kernels);

}  // namespace pliant

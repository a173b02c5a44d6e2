// What a device takes to copy, select and reduce.
#pragma once

#include "collectives/device/device_part.hpp"
#include "core/link_model.hpp"

namespace pliant {

/// Measured on this rank, agreed on as the slowest rank's. Collective. Takes some milliseconds, and up to 250
/// MB of the device's memory for that time; what finds no room counts as nothing measured: 0.
DeviceModel measure_device(DevicePart& part, Communicator& comm, const Kernels& kernels);

}  // namespace pliant

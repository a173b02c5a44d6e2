// Where messages are: in the host's memory, or in a device's.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "apps/bench/kernels/accelerator.hpp"

namespace pliant::bench {

/// One buffer as the calls that are timed have it, and as this program reads and writes it.
class Buffer {
 public:
  /// accelerator: null for the host's memory. Throws what Accelerator does, and Error where there is no room.
  Buffer(Accelerator* accelerator, std::int64_t bytes);

  /// What calls are given.
  void* data();
  /// The contents, to be written before put(), and read after get().
  std::vector<std::byte>& contents() { return contents_; }
  void put();
  void get();

 private:
  std::vector<std::byte> contents_;
  std::optional<DeviceBuffer> on_device_;
};

/// Does the MPI library take pointers to a device's memory? As the library decides it: PLIANT_CUDA_AWARE, and
/// where that says auto, the MPI library itself.
bool mpi_takes_device_memory();

}  // namespace pliant::bench

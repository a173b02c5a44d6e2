// A message buffer, in the host's memory or in a device's.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "apps/bench/kernels/accelerator.hpp"

namespace pliant::bench {

/// One message buffer: the timed calls use data(), this program uses contents().
class Buffer {
 public:
  /// accelerator: null means host memory. Throws what Accelerator throws, and Error if memory is short.
  Buffer(Accelerator* accelerator, std::int64_t bytes);

  /// The pointer that the timed calls are given.
  void* data();
  /// The contents on the host: write them before put(), read them after get().
  std::vector<std::byte>& contents() { return contents_; }
  void put();
  void get();

 private:
  std::vector<std::byte> contents_;
  std::optional<DeviceBuffer> on_device_;
};

/// Whether the MPI library takes pointers to a device's memory. Decided as the library does: by
/// PLIANT_CUDA_AWARE, or by asking MPI if that is `auto`.
bool mpi_takes_device_memory();

}  // namespace pliant::bench

// The device that a benchmark runs on, and memory there.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kernels/cuda/device.hpp"

namespace pliant::bench {

/// A device. Constructing it makes the device current for the calling thread.
class Accelerator {
 public:
  /// Device `local_rank` modulo how many there are. Throws Error without CUDA or a device.
  explicit Accelerator(int local_rank);

  cuda::Device& device() { return *device_; }
  /// For a heading, for example "device 0 of 4, CUDA 13.0".
  std::string name() const;
  /// Waits for the device's own stream. Throws Error if anything has failed.
  void finish();

 private:
  int devices_ = 0;
  cuda::WaitingWork waiting_work_{0};
  std::unique_ptr<cuda::Device> device_;
};

/// Bytes in a device's memory, uninitialised. Its functions return when their work is done. They throw Error.
class DeviceBuffer {
 public:
  DeviceBuffer(Accelerator& accelerator, std::int64_t bytes);

  void* data() const { return room_.get(); }
  void put(const void* from);
  void get(void* to);

 private:
  Accelerator& accelerator_;
  cuda::DeviceScratch room_;
  std::int64_t bytes_;
};

/// Pinned host memory between device buffers and an MPI that cannot read them. Throws Error.
class PinnedCopies {
 public:
  PinnedCopies(Accelerator& accelerator, std::int64_t bytes);

  const void* send() const { return send_; }
  void* recv() const { return recv_; }
  /// bring() fills send() from a device buffer, take_back() copies recv() to one. Both wait for the copy.
  void bring(const void* from_device);
  void take_back(void* to_device);

 private:
  Accelerator& accelerator_;
  cuda::HostScratch send_room_;
  cuda::HostScratch recv_room_;
  std::int64_t bytes_;
  void* send_;
  void* recv_;
};

}  // namespace pliant::bench

// The device that a benchmark runs on, and memory there.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kernels/cuda/device.hpp"

namespace pliant::bench {

/// A device, which is the current one of the thread that made this.
class Accelerator {
 public:
  /// Device `local_rank` modulo how many there are. Throws Error without CUDA or a device.
  explicit Accelerator(int local_rank);

  cuda::Device& device() { return *device_; }
  /// As a heading says it: "device 0 of 4, CUDA 13.0".
  std::string name() const;
  /// Waits for the device's own stream. Throws Error if anything has failed.
  void finish();

 private:
  int devices_ = 0;
  cuda::WaitingWork waiting_work_{0};
  std::unique_ptr<cuda::Device> device_;
};

/// Bytes in a device's memory; garbage at first. What it does is done when it returns; throws Error.
class DeviceBuffer {
 public:
  DeviceBuffer(Accelerator& accelerator, std::int64_t bytes);

  void* data() const { return room_.get(); }
  void put(const void* from);
  void get(void* to);

 private:
  Accelerator& accelerator_;
  cuda::DeviceRoom room_;
  std::int64_t bytes_;
};

/// Pinned memory of the host, between device buffers and an MPI that does not read them. Throws Error.
class PinnedCopies {
 public:
  PinnedCopies(Accelerator& accelerator, std::int64_t bytes);

  const void* send() const { return send_; }
  void* recv() const { return recv_; }
  /// Fills send(); empties recv(). Done when they return.
  void bring(const void* from_device);
  void take_back(void* to_device);

 private:
  Accelerator& accelerator_;
  cuda::HostRoom send_room_;
  cuda::HostRoom recv_room_;
  std::int64_t bytes_;
  void* send_;
  void* recv_;
};

}  // namespace pliant::bench

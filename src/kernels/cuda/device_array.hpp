// A vector of floats in device memory.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "kernels/cuda/device.hpp"

namespace pliant::cuda {

class DeviceArray {
 public:
  /// Returns a zeroed array; null if the device has no memory for it.
  static std::unique_ptr<DeviceArray> zeros(Device& device, std::int64_t count);

  float* data() const { return static_cast<float*>(room_.get()); }
  std::int64_t count() const { return count_; }
  void clear();
  /// These block until the copy is complete. values: [count].
  void set(std::span<const float> values);
  void get(std::span<float> values) const;

 private:
  DeviceArray(Device& device, std::int64_t count) : device_(device), room_(device), count_(count) {}
  std::int64_t bytes() const { return count_ * static_cast<std::int64_t>(sizeof(float)); }

  Device& device_;
  DeviceScratch room_;
  std::int64_t count_;
};

}  // namespace pliant::cuda

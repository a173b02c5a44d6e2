// kernels/long_vectors.hpp on a device. Each function enqueues kernels, and returns once their result is
// available.
//
// If the device lacks memory for a selection, vectors are copied to the host in segments, selected from
// there, and copied back. This is slow, and notice() reports it. After a device failure, results read as
// zeros, and indices as 0, 1, 2, ... The ranks exchange their failures at the end (runtime/device/device_operation.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/cuda/device.hpp"
#include "kernels/cuda/device_topk.hpp"
#include "kernels/kernels.hpp"

namespace pliant::cuda {

/// Indices and values in device memory. [kept] each; null if there is no memory.
struct DevicePairs {
  std::uint32_t* indices = nullptr;
  float* values = nullptr;
  std::int64_t kept = 0;
};

class DeviceVectors {
 public:
  explicit DeviceVectors(Device& device);

  /// Call between operations; see HostScratch.
  void pin_again();
  /// Reserves memory for such selections and their pairs. Returns whether there was enough.
  bool reserve(std::int64_t count, std::int64_t kept);

  // As in long_vectors.hpp. `kernels` is the host's table, for work that is done there.
  Selection select(const Kernels& kernels, SelectCall<float>& call);
  double accumulate(const Kernels& kernels, float* residual, const float* gradient, std::int64_t count);
  double drain(const Kernels& kernels, float* result, const float* gradient, float* residual,
               std::int64_t count);
  Selection take(const Kernels& kernels, float* from, const std::uint32_t* indices, std::int64_t kept,
                 float* out);
  void gather(const float* from, const std::uint32_t* indices, std::int64_t kept, float* out);
  void scatter_add(float* into, const std::uint32_t* indices, const float* values, std::int64_t kept);
  void clear(void* memory, std::int64_t bytes);
  void copy(void* to, const void* from, std::int64_t bytes);

  // As above, for pairs that stay on the device. These only wait for numbers that they return.

  /// Returns memory for `kept` pairs, valid until the next call. If the device has none, it counts as failed,
  /// and the pairs are in host memory. So there is always memory to send or receive them.
  DevicePairs pairs(std::int64_t kept);
  /// indices: [kept], in host memory.
  void put_indices(const DevicePairs& pairs, const std::uint32_t* indices);
  Selection take_there(float* from, const DevicePairs& pairs);
  void scatter_add_there(float* into, const DevicePairs& pairs);

  Device& device() { return device_; }
  /// Message about work done on the host for lack of device memory; empty if there was none.
  const std::string& notice() const { return notice_; }

 private:
  bool prepare(std::int64_t count, std::int64_t kept);
  /// Like pairs(), for at most `kept` pairs: fewer if memory is short.
  DevicePairs some_pairs(std::int64_t kept);
  Selection numbers();
  Selection select_here(SelectCall<float>& call, float* selected);
  Selection select_on_host(const Kernels& kernels, SelectCall<float>& call);
  void bring(std::vector<float>& to, const float* from, std::int64_t count);
  void take_back(float* to, const std::vector<float>& from);
  void lack(const char* what, std::int64_t bytes);

  Device& device_;
  Launcher launcher_;
  SelectMemory memory_;
  DeviceScratch select_;    ///< memory of memory_
  DeviceScratch selected_;  ///< this rank's own selection, until the next one
  DeviceScratch pairs_;
  DeviceScratch counts_;  ///< counts of magnitudes
  HostScratch found_;     ///< this rank's own selection, until the next one
  HostScratch numbers_;   ///< results of kernels
  HostScratch instead_;   ///< replaces pairs_ on a failed device
  SelectWorkspace on_host_;
  std::vector<float> residual_;  ///< vectors that were copied to the host
  std::vector<float> gradient_;
  std::string notice_;
};

}  // namespace pliant::cuda

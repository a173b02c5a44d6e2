// kernels/long_vectors.hpp on a device: each function enqueues kernels, and returns when their answer is
// here.
//
// Where the device has no memory for a selection, vectors are brought to the host in segments, selected from
// there, and brought back: slow, and notice() says so. What the device failed to do reads as zeros, and
// indices as 0, 1, 2, ...: the ranks tell one another at the end (api/device_operation.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/cuda/device.hpp"
#include "kernels/cuda/device_topk.hpp"
#include "kernels/kernels.hpp"

namespace pliant::cuda {

/// Indices and values in the device's memory. [kept] each; null where there is no room.
struct DevicePairs {
  std::uint32_t* indices = nullptr;
  float* values = nullptr;
  std::int64_t kept = 0;
};

class DeviceVectors {
 public:
  explicit DeviceVectors(Device& device);

  /// Between operations: see HostRoom.
  void pin_again();
  /// Is there room for such selections, and for their pairs? Takes it.
  bool reserve(std::int64_t count, std::int64_t kept);

  // As long_vectors.hpp has them. `kernels`: the host's, for what is done there.
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

  // The same for pairs that are, and stay, on the device. Nothing is waited for but numbers that are
  // returned.

  /// Room for so many, until pairs are asked for again. Without room the device counts as failed, and they
  /// are the host's: whoever carries them finds memory.
  DevicePairs pairs(std::int64_t kept);
  /// indices: the host's. [kept]
  void put_indices(const DevicePairs& pairs, const std::uint32_t* indices);
  Selection take_there(float* from, const DevicePairs& pairs);
  void scatter_add_there(float* into, const DevicePairs& pairs);

  Device& device() { return device_; }
  /// What was done otherwise for want of memory; empty where nothing was.
  const std::string& notice() const { return notice_; }

 private:
  bool prepare(std::int64_t count, std::int64_t kept);
  /// As pairs(), for as many as there is room for, and less of them where there is little.
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
  DeviceRoom select_;    ///< memory_
  DeviceRoom selected_;  ///< this rank's own selection, until the next
  DeviceRoom pairs_;
  DeviceRoom counts_;  ///< of magnitudes
  HostRoom found_;     ///< this rank's own selection, until the next
  HostRoom numbers_;   ///< what kernels found
  HostRoom instead_;   ///< of pairs that a failed device has no room for
  SelectWorkspace on_host_;
  std::vector<float> residual_;  ///< vectors that were brought to the host
  std::vector<float> gradient_;
  std::string notice_;
};

}  // namespace pliant::cuda

// Shared by the timed kernels of a device: vectors on the device and on the host, the two passes that serve
// as a yardstick, and the comparison with the scalar table.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "apps/bench/kernels/accelerator.hpp"
#include "apps/bench/kernels/inputs.hpp"
#include "apps/bench/kernels/kernels.hpp"
#include "apps/bench/kernels/rows.hpp"
#include "kernels/cuda/device_topk.hpp"
#include "kernels/kernels.hpp"

namespace pliant::bench {

/// Pointers into one allocation of a device.
struct DeviceMemory {
  float* gradient = nullptr;  ///< [n], as the next three
  float* first_residual = nullptr;
  float* residual = nullptr;
  float* result = nullptr;
  std::uint32_t* indices = nullptr;  ///< [k] for the highest density
  float* values = nullptr;
  cuda::SelectMemory select;
};

/// One input of one length.
class DeviceBench {
 public:
  /// Null if the device's memory is too small. Throws Error if another call of the device fails.
  static std::unique_ptr<DeviceBench> make(Accelerator& accelerator, const KernelOptions& options,
                                           const KernelInput& input, std::int64_t count);

  /// Puts work on stream() without waiting; returns CUDA's error code.
  using Enqueue = std::function<int()>;

  /// Times the work in turn with two passes: accumulate (12 bytes an element) and a copy `result
  /// = gradient` (8 bytes). The host waits only at the end of a batch. Each batch starts from the first
  /// residual, and its iterations are steps of error feedback. Fills floor_ratio, copy_ratio and ms.
  void time(KernelRow& row, const Enqueue& enqueue);
  /// Runs the work once, from the first residual, and waits for its end.
  void run(const Enqueue& enqueue);
  KernelRow row(std::string_view kernel, std::optional<double> density = {}) const;

  cuda::SelectTask task(double density) const;
  /// Selects on device and host from the first residual. The device's picks are in memory.indices and values;
  /// the host's are returned.
  SelectCall<float> select(double density);
  /// Resets the host's vectors to their first values.
  void restore_host();

  /// Throws Error unless the device's 4-byte items equal the expected ones.
  void expect(const KernelRow& row, const char* what, const void* on_device, const void* expected,
              std::int64_t items);
  void expect_number(const KernelRow& row, const char* what, double found, double expected) const;
  /// Results of the device's kernels, copied to the host.
  template <class T>
  T fetch(const T* on_device) {
    T found{};
    device_.copy(&found, on_device, sizeof(T), stream());
    accelerator_.finish();
    return found;
  }

  cuda::Stream stream() const { return device_.work(); }

  const KernelOptions& options;
  const KernelInput& input;
  const std::int64_t count;
  DeviceMemory memory;
  cuda::Launcher launcher;
  SelectWorkspace workspace;
  float* gradient = nullptr;  ///< on the host, [n], as the next two
  float* residual = nullptr;
  float* result = nullptr;
  std::function<void(const KernelRow&)> emit;

 private:
  DeviceBench(Accelerator& accelerator, const KernelOptions& options, const KernelInput& input,
              std::int64_t count);
  void fill_both();
  double batch_s(const Enqueue& enqueue);
  void restore();

  Accelerator& accelerator_;
  cuda::Device& device_;
  cuda::DeviceScratch device_room_;
  Scratch gradient_room_;
  Scratch first_room_;
  Scratch residual_room_;
  Scratch result_room_;
  Scratch found_room_;
  float* first_ = nullptr;
};

}  // namespace pliant::bench

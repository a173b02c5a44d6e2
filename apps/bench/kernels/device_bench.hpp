// What the timed kernels of a device share: vectors on the device and the same on the host, the two passes
// that everything is measured beside, and the comparison with the scalar table.
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
  std::uint32_t* indices = nullptr;  ///< [k] of the highest density
  float* values = nullptr;
  std::byte* packed = nullptr;  ///< those indices, by the block codec
  cuda::SelectMemory select;
  cuda::PackMemory pack;
};

/// One input of one length.
class DeviceBench {
 public:
  /// Null where the device has no room for so many elements. Throws Error for what it fails to do.
  static std::unique_ptr<DeviceBench> make(Accelerator& accelerator, const KernelOptions& options,
                                           const KernelInput& input, std::int64_t count);

  /// Puts work on stream(), and waits for nothing; CUDA's code.
  using Enqueue = std::function<int()>;

  /// The work beside a pass of 12 bytes an element (`residual += gradient`) and a copy of 8 (`result =
  /// gradient`), in turn; of each a batch without a wait of the host, which ends with one. A batch begins
  /// with the first residual: it is as many steps of error feedback. Fills floor_ratio, copy_ratio and ms.
  void time(KernelRow& row, const Enqueue& enqueue);
  /// The work alone, from the first residual, to its end.
  void run(const Enqueue& enqueue);
  KernelRow row(std::string_view kernel, std::optional<double> density = {}) const;

  cuda::SelectTask task(double density) const;
  /// Selects on both sides, from the first residual: the picks are in memory.indices and values, and here.
  SelectCall<float> select(double density);
  /// The vectors of the host as they were at first.
  void restore_host();

  /// Throws Error unless the device's 4-byte items are the expected ones.
  void expect(const KernelRow& row, const char* what, const void* on_device, const void* expected,
              std::int64_t items);
  void expect_number(const KernelRow& row, const char* what, double found, double expected) const;
  /// What the device's kernels left for the host.
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
  float* gradient = nullptr;  ///< the host's, [n], as the next two
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
  cuda::DeviceRoom device_room_;
  Room gradient_room_;
  Room first_room_;
  Room residual_room_;
  Room result_room_;
  Room found_room_;
  float* first_ = nullptr;
};

}  // namespace pliant::bench

// The vectors that all timed kernels use, and the floor that they are compared with.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/bench/kernels/inputs.hpp"
#include "apps/bench/kernels/kernels.hpp"
#include "apps/bench/kernels/rows.hpp"
#include "kernels/kernels.hpp"

namespace pliant::bench {

/// One input of one length, in memory that has been touched, on huge pages where available.
class KernelBench {
  // Must come first: the members below point into these.
  Scratch gradient_room_;
  Scratch residual_room_;
  Scratch first_residual_room_;
  Scratch result_room_;

 public:
  KernelBench(const KernelOptions& options, const KernelInput& input, std::int64_t count);

  /// Times `work` against the floor, alternately. The floor is `residual += gradient`, by the same table's
  /// plain reduction on the same vectors. `prepare` runs untimed before each. Fills floor_ratio and ms.
  void time(KernelRow& row, const std::function<void()>& prepare, const std::function<void()>& work);
  /// A new row for this input, without results.
  KernelRow row(std::string_view kernel, std::optional<double> density = {}) const;
  /// Resets the residual to its first values.
  void restore();

  const KernelOptions& options;
  const KernelInput& input;
  const std::int64_t count;
  const Kernels& kernels;
  SelectWorkspace workspace;
  float* gradient;
  float* residual;
  float* result;
  std::function<void(const KernelRow&)> emit;

 private:
  float* first_residual_;
};

/// A kernel to time: one entry for each family of kernels.
struct TimedKernel {
  std::string_view name;
  bool every_input;  ///< false: its time does not depend on the values, so one input is enough
  void (*run)(KernelBench& bench, std::string_view name);
};

std::span<const TimedKernel> timed_selections();
std::span<const TimedKernel> timed_primitives();
std::span<const TimedKernel> timed_codecs();

}  // namespace pliant::bench

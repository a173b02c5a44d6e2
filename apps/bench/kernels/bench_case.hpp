// What the timed kernels share: the vectors, and the floor.
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

/// One input of one length, in memory that is touched and in huge pages where there are any.
class KernelBench {
  // First: what follows points into them.
  Room gradient_room_;
  Room residual_room_;
  Room first_residual_room_;
  Room result_room_;

 public:
  KernelBench(const KernelOptions& options, const KernelInput& input, std::int64_t count);

  /// Times `work` beside the floor, `residual += gradient` by the same table's plain reduction on the same
  /// vectors, in turn; `prepare` runs before each, untimed. Fills floor_ratio and ms.
  void time(KernelRow& row, const std::function<void()>& prepare, const std::function<void()>& work);
  /// A row of this bench.
  KernelRow row(std::string_view kernel, std::optional<double> density = {}) const;
  /// residual as it was at first.
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

/// What is timed: one entry a family of kernels.
struct TimedKernel {
  std::string_view name;
  bool every_input;  ///< false: how long it takes does not depend on the values: one input is enough
  void (*run)(KernelBench& bench, std::string_view name);
};

std::span<const TimedKernel> timed_selections();
std::span<const TimedKernel> timed_primitives();
std::span<const TimedKernel> timed_codecs();

}  // namespace pliant::bench

// What the timed kernels share: the vectors, the floor, and the row that a measurement gives.
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
#include "kernels/kernels.hpp"

namespace pliant::bench {

struct KernelRow {
  std::string kernel;
  std::int64_t n = 0;
  std::optional<double> density;
  std::string input;
  int threads = 1;
  double floor_ratio = 0;              ///< median of (time / floor's time in the same iteration)
  double ms = 0;                       ///< median
  std::optional<double> bits;          ///< codecs: per index or value, headers included
  std::optional<double> entropy_bits;  ///< index codecs: H(d) / d of a random set of density d
  std::optional<double> gb_per_s;      ///< codecs: uncompressed bytes
  std::optional<double> giga_per_s;    ///< codecs: indices or values
};

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

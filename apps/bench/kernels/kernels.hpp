// pliant_bench --kernels: what the inner loops cost, as multiples of the least that error feedback can cost.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace pliant::bench {

struct KernelOptions {
  std::vector<std::int64_t> counts = {1 << 20, 25'600'000, 100'000'000};
  std::vector<double> densities = {0.1, 0.01, 0.001};
  std::vector<std::string> inputs;   ///< empty: all
  std::vector<std::string> kernels;  ///< beginnings of names; empty: all
  std::vector<int> threads = {1};
  std::string table = "auto";
  int iterations = 15;
  int batch = 10;  ///< devices: what is put on the stream before the host waits
  std::uint64_t seed = 1;
  bool json = false;

  bool wants_kernel(std::string_view name) const;
  bool wants_input(std::string_view name) const;
};

/// Names of the inputs there are, and of the kernels that are timed.
std::vector<std::string> kernel_input_names();
std::vector<std::string> timed_kernel_names();

/// Runs on this process alone. Rows go to `out` as they come: a table, or one JSON object a line with the
/// keys kernel, n, density, input, threads, floor_ratio, ms, and for codecs bits_per_index (or
/// bits_per_value), entropy_bits, gb_per_s and giga_per_s. Throws Error for a table that this processor
/// cannot run.
void run_kernels(const KernelOptions& options, std::ostream& out);

/// The same for the kernels of the first device; the key copy_ratio besides. Each row's kernel has given,
/// once, the scalar table's bits. Throws Error for bits that differ, without CUDA or a device, and for what a
/// device fails to do.
void run_device_kernels(const KernelOptions& options, std::ostream& out);

}  // namespace pliant::bench

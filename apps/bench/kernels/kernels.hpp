// pliant_bench --kernels: times the inner loops, as multiples of the least that error feedback can cost.
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
  std::vector<std::string> kernels;  ///< prefixes of names; empty: all
  std::vector<int> threads = {1};
  std::string table = "auto";
  int iterations = 15;
  int batch = 10;  ///< devices: calls put on the stream before the host waits
  std::uint64_t seed = 1;
  bool json = false;

  bool wants_kernel(std::string_view name) const;
  bool wants_input(std::string_view name) const;
};

/// Names of all inputs, and of all timed kernels.
std::vector<std::string> kernel_input_names();
std::vector<std::string> timed_kernel_names();

/// Runs on this process alone, and writes rows to `out` as they come, as a table or one JSON object a line.
/// Keys: kernel, n, density, input, threads, floor_ratio, ms. Codecs add bits_per_index (or bits_per_value),
/// entropy_bits, gb_per_s and giga_per_s. Throws Error for a table that this processor cannot run.
void run_kernels(const KernelOptions& options, std::ostream& out);

/// Times the kernels of the first device, with one more key: copy_ratio. Each kernel is run once more, and
/// its result compared bit for bit with the scalar table's. Throws Error if bits differ, without CUDA or a
/// device, and if the device fails.
void run_device_kernels(const KernelOptions& options, std::ostream& out);

}  // namespace pliant::bench

// One measurement of a kernel, and how it is printed.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

namespace pliant::bench {

struct KernelRow {
  std::string kernel;
  std::int64_t n = 0;
  std::optional<double> density;
  std::string input;
  int threads = 1;                     ///< 0: a device's kernel
  double floor_ratio = 0;              ///< median of (time / floor's time in the same iteration)
  double ms = 0;                       ///< median
  std::optional<double> copy_ratio;    ///< devices: time / time of a copy of n floats within the device
  std::optional<double> bits;          ///< codecs: per index or value, headers included
  std::optional<double> entropy_bits;  ///< index codecs: H(d) / d of a random set of density d
  std::optional<double> gb_per_s;      ///< codecs: uncompressed bytes
  std::optional<double> giga_per_s;    ///< codecs: indices or values
};

/// Prints the heading of the table.
void print_columns(std::ostream& out, bool on_device);
/// Prints one line: of the table, or a JSON object.
void print_row(std::ostream& out, const KernelRow& row, bool json);

}  // namespace pliant::bench

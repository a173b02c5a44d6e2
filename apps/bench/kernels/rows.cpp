#include "apps/bench/kernels/rows.hpp"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <ostream>

namespace pliant::bench {
namespace {

std::string text(const std::optional<double>& number, const char* format) {
  if (!number) return "-";
  std::array<char, 32> room{};
  std::snprintf(room.data(), room.size(), format, *number);
  return room.data();
}

void print_json(std::ostream& out, const KernelRow& row) {
  nlohmann::ordered_json object = {
      {"kernel", row.kernel},
      {"n", row.n},
      {"density", row.density ? nlohmann::ordered_json(*row.density) : nlohmann::ordered_json()},
      {"input", row.input},
      {"threads", row.threads},
      {"floor_ratio", row.floor_ratio},
      {"ms", row.ms}};
  if (row.copy_ratio) object["copy_ratio"] = *row.copy_ratio;
  if (row.bits) object["bits"] = *row.bits;
  if (row.entropy_bits) object["entropy_bits"] = *row.entropy_bits;
  if (row.gb_per_s) object["gb_per_s"] = *row.gb_per_s;
  if (row.giga_per_s) object["giga_per_s"] = *row.giga_per_s;
  out << object.dump() << std::endl;
}

void print_line(std::ostream& out, const KernelRow& row) {
  std::array<char, 200> line{};
  std::snprintf(line.data(), line.size(), "%-24s %11lld %7s %-10s %3d %8.3f %10.4f %7s %8s %8s %8s",
                row.kernel.c_str(), static_cast<long long>(row.n), text(row.density, "%g").c_str(),
                row.input.c_str(), row.threads, row.floor_ratio, row.ms, text(row.bits, "%.2f").c_str(),
                text(row.entropy_bits, "%.2f").c_str(), text(row.gb_per_s, "%.2f").c_str(),
                text(row.giga_per_s, "%.3f").c_str());
  out << line.data();
  if (row.copy_ratio) out << " " << text(row.copy_ratio, "%8.3f");
  out << std::endl;
}

}  // namespace

void print_columns(std::ostream& out, bool on_device) {
  std::array<char, 200> line{};
  std::snprintf(line.data(), line.size(), "%-24s %11s %7s %-10s %3s %8s %10s %7s %8s %8s %8s", "# kernel",
                "n", "density", "input", "thr", "ratio", "ms", "bits", "entropy", "GB/s", "G/s");
  out << line.data() << (on_device ? "     copy" : "") << std::endl;
}

void print_row(std::ostream& out, const KernelRow& row, bool json) {
  json ? print_json(out, row) : print_line(out, row);
}

}  // namespace pliant::bench

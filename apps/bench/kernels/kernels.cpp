#include "apps/bench/kernels/kernels.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "apps/bench/kernels/bench_case.hpp"

namespace pliant::bench {
namespace {

std::vector<TimedKernel> all_timed() {
  std::vector<TimedKernel> all;
  for (const auto family : {timed_selections(), timed_primitives(), timed_codecs()})
    all.insert(all.end(), family.begin(), family.end());
  return all;
}

/// Is `name` asked for?
bool wanted(const std::vector<std::string>& beginnings, std::string_view name) {
  return beginnings.empty() ||
         std::any_of(beginnings.begin(), beginnings.end(),
                     [&](const std::string& beginning) { return name.starts_with(beginning); });
}

void print_json(std::ostream& out, const KernelRow& row) {
  const auto optional = [](const std::optional<double>& number) {
    return number ? nlohmann::ordered_json(*number) : nlohmann::ordered_json();
  };
  nlohmann::ordered_json object = {{"kernel", row.kernel},
                                   {"n", row.n},
                                   {"density", optional(row.density)},
                                   {"input", row.input},
                                   {"threads", row.threads},
                                   {"floor_ratio", row.floor_ratio},
                                   {"ms", row.ms}};
  if (row.bits) object["bits"] = *row.bits;
  if (row.entropy_bits) object["entropy_bits"] = *row.entropy_bits;
  if (row.gb_per_s) object["gb_per_s"] = *row.gb_per_s;
  if (row.giga_per_s) object["giga_per_s"] = *row.giga_per_s;
  out << object.dump() << std::endl;
}

void print_line(std::ostream& out, const KernelRow& row) {
  const auto text = [](const std::optional<double>& number, const char* format) -> std::string {
    if (!number) return "-";
    std::array<char, 32> room{};
    std::snprintf(room.data(), room.size(), format, *number);
    return room.data();
  };
  std::array<char, 200> line{};
  std::snprintf(line.data(), line.size(), "%-24s %11lld %7s %-10s %3d %8.3f %10.4f %7s %8s %8s %8s",
                row.kernel.c_str(), static_cast<long long>(row.n), text(row.density, "%g").c_str(),
                row.input.c_str(), row.threads, row.floor_ratio, row.ms, text(row.bits, "%.2f").c_str(),
                text(row.entropy_bits, "%.2f").c_str(), text(row.gb_per_s, "%.2f").c_str(),
                text(row.giga_per_s, "%.3f").c_str());
  out << line.data() << std::endl;
}

void print_head(std::ostream& out, const KernelOptions& options) {
  out << "# kernels: " << choose_kernels(options.table).name
      << "; ratio: to `residual += gradient` in place, timed in "
      << "the same loop; medians of " << options.iterations << "\n";
  std::array<char, 200> line{};
  std::snprintf(line.data(), line.size(), "%-24s %11s %7s %-10s %3s %8s %10s %7s %8s %8s %8s", "# kernel",
                "n", "density", "input", "thr", "ratio", "ms", "bits", "entropy", "GB/s", "G/s");
  out << line.data() << std::endl;
}

}  // namespace

std::vector<std::string> kernel_input_names() {
  std::vector<std::string> names;
  for (const KernelInput& input : kernel_inputs()) names.emplace_back(input.name);
  return names;
}

std::vector<std::string> timed_kernel_names() {
  std::vector<std::string> names;
  for (const TimedKernel& timed : all_timed()) names.emplace_back(timed.name);
  return names;
}

void run_kernels(const KernelOptions& options, std::ostream& out) {
  std::vector<std::unique_ptr<Team>> teams;
  for (const int threads : options.threads) teams.push_back(std::make_unique<Team>(threads));
  if (!options.json) print_head(out, options);
  for (const std::int64_t count : options.counts) {
    bool first = true;
    for (const KernelInput& input : kernel_inputs()) {
      if (!options.inputs.empty() &&
          std::find(options.inputs.begin(), options.inputs.end(), input.name) == options.inputs.end())
        continue;
      KernelBench bench(options, input, count);
      bench.emit = [&](const KernelRow& row) { options.json ? print_json(out, row) : print_line(out, row); };
      for (const auto& team : teams) {
        bench.workspace.team = team->members() > 1 ? team.get() : nullptr;
        for (const TimedKernel& timed : all_timed())
          if ((first || timed.every_input) && wanted(options.kernels, timed.name))
            timed.run(bench, timed.name);
      }
      first = false;
    }
  }
}

}  // namespace pliant::bench

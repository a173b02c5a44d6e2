#include "apps/bench/kernels/kernels.hpp"

#include <algorithm>
#include <memory>
#include <ostream>

#include "apps/bench/kernels/bench_case.hpp"

namespace pliant::bench {
namespace {

std::vector<TimedKernel> all_timed() {
  std::vector<TimedKernel> all;
  for (const auto rule : {timed_selections(), timed_primitives(), timed_codecs()})
    all.insert(all.end(), rule.begin(), rule.end());
  return all;
}

void print_head(std::ostream& out, const KernelOptions& options) {
  out << "# kernels: " << choose_kernels(options.table).name
      << "; ratio: to `residual += gradient` in place, timed in "
      << "the same loop; medians of " << options.iterations << "\n";
  print_columns(out, false);
}

}  // namespace

bool KernelOptions::wants_kernel(std::string_view name) const {
  return kernels.empty() || std::any_of(kernels.begin(), kernels.end(), [&](const std::string& beginning) {
           return name.starts_with(beginning);
         });
}

bool KernelOptions::wants_input(std::string_view name) const {
  return inputs.empty() || std::find(inputs.begin(), inputs.end(), name) != inputs.end();
}

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
      if (!options.wants_input(input.name)) continue;
      KernelBench bench(options, input, count);
      bench.emit = [&](const KernelRow& row) { print_row(out, row, options.json); };
      for (const auto& team : teams) {
        bench.workspace.team = team->members() > 1 ? team.get() : nullptr;
        for (const TimedKernel& timed : all_timed())
          if ((first || timed.every_input) && options.wants_kernel(timed.name)) timed.run(bench, timed.name);
      }
      first = false;
    }
  }
}

}  // namespace pliant::bench

// pliant_bench --device cuda --kernels.
#include <algorithm>
#include <array>
#include <iostream>
#include <vector>

#include "apps/bench/kernels/device_bench.hpp"
#include "compress/index_codec.hpp"
#include "compress/topk.hpp"
#include "core/error.hpp"

namespace pliant::bench {
namespace {

using cuda::DeviceSelection;

void time_topk(DeviceBench& bench, std::string_view name) {
  const bool norms = name.ends_with("norms");
  for (const double density : bench.options.densities) {
    KernelRow row = bench.row(name, density);
    const cuda::SelectTask task = bench.task(density);
    const auto enqueue = [&] {
      const int code = cuda::enqueue_select(bench.launcher, bench.memory.select, task, bench.stream());
      return code != 0 || !norms
                 ? code
                 : cuda::enqueue_select_norms(bench.launcher, bench.memory.select, task, bench.stream());
    };
    bench.run(enqueue);
    bench.restore_host();
    SelectCall<float> call{
        .residual = bench.residual, .gradient = bench.gradient, .count = bench.count, .kept = task.kept};
    const Selection expected = scalar_kernels.select_float(call, bench.workspace);
    bench.expect(row, "indices", task.indices, call.indices, task.kept);
    bench.expect(row, "values", task.values, call.values, task.kept);
    bench.expect(row, "residual", task.residual, bench.residual, bench.count);
    if (norms) {
      const DeviceSelection found = bench.fetch(bench.memory.select.selection);
      bench.expect_number(row, "sent_squared", found.sent_squared, expected.sent_squared);
      bench.expect_number(row, "total_squared", found.total_squared, expected.total_squared);
    }
    bench.time(row, enqueue);
    bench.emit(row);
  }
}

/// A pass over whole vectors, on the device and by the scalar table. The scalar version returns the norm, if
/// the device's kernel computes one.
struct Pass {
  std::string_view name;
  int (*enqueue)(DeviceBench& bench);
  std::optional<double> (*expected)(DeviceBench& bench);
};

constexpr std::array kPasses = {
    Pass{"accumulate_cuda",
         [](DeviceBench& b) {
           return cuda::enqueue_accumulate(b.launcher, b.memory.select, b.memory.residual, b.memory.gradient,
                                           b.count, b.stream());
         },
         [](DeviceBench& b) -> std::optional<double> {
           return scalar_kernels.accumulate(b.residual, b.gradient, b.count, b.workspace);
         }},
    Pass{"drain_cuda",
         [](DeviceBench& b) {
           return cuda::enqueue_drain(b.launcher, b.memory.select,
                                      {b.memory.result, b.memory.gradient, b.memory.residual, b.count},
                                      b.stream());
         },
         [](DeviceBench& b) -> std::optional<double> {
           return scalar_kernels.drain(b.result, b.gradient, b.residual, b.count, b.workspace);
         }},
};

void time_pass(DeviceBench& bench, std::string_view name) {
  const Pass& pass =
      *std::find_if(kPasses.begin(), kPasses.end(), [&](const Pass& listed) { return listed.name == name; });
  KernelRow row = bench.row(name);
  const auto enqueue = [&] { return pass.enqueue(bench); };
  bench.run(enqueue);
  bench.restore_host();
  const auto norm = pass.expected(bench);
  bench.expect(row, "residual", bench.memory.residual, bench.residual, bench.count);
  if (name == "drain_cuda") bench.expect(row, "result", bench.memory.result, bench.result, bench.count);
  if (norm)
    bench.expect_number(row, "total_squared", bench.fetch(bench.memory.select.selection).total_squared,
                        *norm);
  bench.time(row, enqueue);
  bench.emit(row);
}

/// Gathers or scatters at the selected places of the first residual.
struct Move {
  std::string_view name;
  int (*enqueue)(const cuda::Launcher& launcher, const cuda::MoveTask& task, cuda::Stream stream);
  void (*expected)(float* vector, const std::uint32_t* indices, std::int64_t kept, float* values);
};

constexpr std::array kMoves = {
    Move{"gather_cuda", cuda::enqueue_gather,
         [](float* vector, const std::uint32_t* indices, std::int64_t kept, float* values) {
           for (std::int64_t j = 0; j < kept; ++j) values[j] = vector[indices[j]];
         }},
    Move{"take_cuda", cuda::enqueue_take,
         [](float* vector, const std::uint32_t* indices, std::int64_t kept, float* values) {
           scalar_kernels.take(vector, indices, kept, values);
         }},
    Move{"scatter_add_cuda", cuda::enqueue_scatter_add,
         [](float* vector, const std::uint32_t* indices, std::int64_t kept, float* values) {
           scalar_kernels.scatter_add(vector, indices, values, kept);
         }},
};

void time_move(DeviceBench& bench, std::string_view name) {
  const Move& move =
      *std::find_if(kMoves.begin(), kMoves.end(), [&](const Move& listed) { return listed.name == name; });
  for (const double density : bench.options.densities) {
    KernelRow row = bench.row(name, density);
    const SelectCall<float> picks = bench.select(density);
    const cuda::MoveTask task{bench.memory.residual, bench.memory.indices, bench.memory.values, picks.kept};
    const auto enqueue = [&] { return move.enqueue(bench.launcher, task, bench.stream()); };
    bench.run(enqueue);
    bench.restore_host();
    move.expected(bench.residual, picks.indices, picks.kept, picks.values);
    bench.expect(row, "vector", task.vector, bench.residual, bench.count);
    bench.expect(row, "values", task.values, picks.values, picks.kept);
    bench.time(row, enqueue);
    bench.emit(row);
  }
}

/// The device's counterpart of TimedKernel.
struct TimedDeviceKernel {
  std::string_view name;
  bool every_input;
  void (*run)(DeviceBench& bench, std::string_view name);
};

constexpr std::array kTimed = {
    TimedDeviceKernel{"topk_cuda", true, time_topk},
    TimedDeviceKernel{"topk_cuda_norms", false, time_topk},
    TimedDeviceKernel{"accumulate_cuda", false, time_pass},
    TimedDeviceKernel{"drain_cuda", false, time_pass},
    TimedDeviceKernel{"gather_cuda", false, time_move},
    TimedDeviceKernel{"take_cuda", false, time_move},
    TimedDeviceKernel{"scatter_add_cuda", false, time_move},
};

/// A bench of the wanted length, halved until it fits into the device's memory.
std::unique_ptr<DeviceBench> fitting(Accelerator& accelerator, const KernelOptions& options,
                                     const KernelInput& input, std::int64_t& count) {
  const std::int64_t wanted = count;
  auto bench = DeviceBench::make(accelerator, options, input, count);
  while (bench == nullptr && count > 1) {
    count /= 2;
    bench = DeviceBench::make(accelerator, options, input, count);
  }
  if (bench == nullptr)
    throw Error(ErrorClass::other, "no memory on " + accelerator.name(), "a benchmark needs some",
                "End what else runs there");
  if (count < wanted)
    std::cerr << "pliant_bench: n = " << wanted << " does not fit on " << accelerator.name()
              << ": n = " << count << std::endl;
  return bench;
}

void print_head(std::ostream& out, const KernelOptions& options, const Accelerator& accelerator) {
  out << "# kernels: " << accelerator.name()
      << "; ratio: to `residual += gradient` on it (12 bytes an element), "
      << "copy: to a copy of n floats within it (8), timed in the same loop; medians of "
      << options.iterations << " batches of " << options.batch << "\n";
  print_columns(out, true);
}

}  // namespace

void run_device_kernels(const KernelOptions& options, std::ostream& out) {
  Accelerator accelerator(0);
  if (!options.json) print_head(out, options, accelerator);
  for (std::int64_t count : options.counts) {
    bool first = true;
    for (const KernelInput& input : kernel_inputs()) {
      if (!options.wants_input(input.name)) continue;
      const auto bench = fitting(accelerator, options, input, count);
      bench->emit = [&](const KernelRow& row) { print_row(out, row, options.json); };
      for (const TimedDeviceKernel& timed : kTimed)
        if ((first || timed.every_input) && options.wants_kernel(timed.name)) timed.run(*bench, timed.name);
      first = false;
    }
  }
}

}  // namespace pliant::bench

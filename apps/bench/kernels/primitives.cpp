// Passes over whole vectors, and accesses at the selected places.
#include <array>

#include "apps/bench/kernels/bench_case.hpp"
#include "compress/topk.hpp"

namespace pliant::bench {
namespace {

void time_reduce_sum(KernelBench& bench, std::string_view name) {
  KernelRow row = bench.row(name);
  const ReduceFunction add = bench.kernels.reduction(ElementType::float32, ReduceOp::sum);
  bench.time(
      row, [&] { bench.restore(); }, [&] { add(bench.residual, bench.gradient, bench.count); });
  bench.emit(row);
}

void time_accumulate(KernelBench& bench, std::string_view name) {
  KernelRow row = bench.row(name);
  bench.time(
      row, [&] { bench.restore(); },
      [&] { bench.kernels.accumulate(bench.residual, bench.gradient, bench.count, bench.workspace); });
  bench.emit(row);
}

void time_drain(KernelBench& bench, std::string_view name) {
  KernelRow row = bench.row(name);
  bench.time(
      row, [&] { bench.restore(); },
      [&] {
        bench.kernels.drain(bench.result, bench.gradient, bench.residual, bench.count, bench.workspace);
      });
  bench.emit(row);
}

void time_squared_norm(KernelBench& bench, std::string_view name) {
  KernelRow row = bench.row(name);
  bench.time(
      row, [] {},
      [&] { bench.result[0] = static_cast<float>(bench.kernels.squared_norm(bench.gradient, bench.count)); });
  bench.emit(row);
}

/// The places of the k largest, in the workspace.
SelectCall<float> selected(KernelBench& bench, double density) {
  bench.restore();
  SelectCall<float> call{.residual = bench.residual,
                         .gradient = bench.gradient,
                         .count = bench.count,
                         .kept = kept_count(bench.count, density)};
  bench.kernels.select_float(call, bench.workspace);
  return call;
}

void time_take(KernelBench& bench, std::string_view name) {
  for (const double density : bench.options.densities) {
    const SelectCall<float> call = selected(bench, density);
    KernelRow row = bench.row(name, density);
    bench.time(
        row, [&] { bench.restore(); },
        [&] { bench.kernels.take(bench.residual, call.indices, call.kept, call.values); });
    bench.emit(row);
  }
}

void time_scatter_add(KernelBench& bench, std::string_view name) {
  for (const double density : bench.options.densities) {
    const SelectCall<float> call = selected(bench, density);
    KernelRow row = bench.row(name, density);
    bench.time(
        row, [&] { bench.restore(); },
        [&] { bench.kernels.scatter_add(bench.residual, call.indices, call.values, call.kept); });
    bench.emit(row);
  }
}

constexpr std::array kTimed = {
    TimedKernel{"reduce_sum", false, time_reduce_sum},
    TimedKernel{"accumulate", false, time_accumulate},
    TimedKernel{"drain", false, time_drain},
    TimedKernel{"squared_norm", false, time_squared_norm},
    TimedKernel{"take", false, time_take},
    TimedKernel{"scatter_add", false, time_scatter_add},
};

}  // namespace

std::span<const TimedKernel> timed_primitives() {
  return kTimed;
}

}  // namespace pliant::bench

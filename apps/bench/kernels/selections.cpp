// The fused selection, and variants of it.
#include <array>
#include <vector>

#include "apps/bench/kernels/bench_case.hpp"
#include "compress/topk.hpp"

namespace pliant::bench {
namespace {

void time_topk(KernelBench& bench, std::string_view name) {
  GainCurve curve;
  for (const double density : bench.options.densities) {
    KernelRow row = bench.row(name, density);
    bench.time(
        row, [&] { bench.restore(); },
        [&] {
          SelectCall<float> call{.residual = bench.residual,
                                 .gradient = bench.gradient,
                                 .count = bench.count,
                                 .kept = kept_count(bench.count, density),
                                 .curve = name == "topk_curve" ? &curve : nullptr};
          bench.kernels.select_float(call, bench.workspace);
        });
    bench.emit(row);
  }
}

/// Times floor and kernel on doubles: the bench's own floor uses floats.
void time_topk_float64(KernelBench& bench, std::string_view name) {
  Scratch rooms[3];
  double* const gradient = rooms[0].of<double>(bench.count);
  double* const first = rooms[1].of<double>(bench.count);
  double* const residual = rooms[2].of<double>(bench.count);
  bench.restore();
  std::copy_n(bench.gradient, bench.count, gradient);
  std::copy_n(bench.residual, bench.count, first);
  const ReduceFunction add = bench.kernels.reduction(ElementType::float64, ReduceOp::sum);
  for (const double density : bench.options.densities) {
    KernelRow row = bench.row(name, density);
    KernelRow floor = row;
    const auto restore = [&] { std::copy_n(first, bench.count, residual); };
    bench.time(floor, restore, [&] { add(residual, gradient, bench.count); });
    bench.time(row, restore, [&] {
      SelectCall<double> call{.residual = residual,
                              .gradient = gradient,
                              .count = bench.count,
                              .kept = kept_count(bench.count, density)};
      bench.kernels.select_double(call, bench.workspace);
    });
    row.floor_ratio /= floor.floor_ratio;
    bench.emit(row);
  }
}

constexpr std::array kTimed = {
    TimedKernel{"topk", true, time_topk},
    TimedKernel{"topk_curve", false, time_topk},
    TimedKernel{"topk_float64", false, time_topk_float64},
};

}  // namespace

std::span<const TimedKernel> timed_selections() {
  return kTimed;
}

}  // namespace pliant::bench

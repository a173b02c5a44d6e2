#include "apps/bench/kernels/bench_case.hpp"

#include <algorithm>

#include "core/monotonic.hpp"
#include "core/stats.hpp"

namespace pliant::bench {

KernelBench::KernelBench(const KernelOptions& with, const KernelInput& of, std::int64_t elements)
    : options(with),
      input(of),
      count(elements),
      kernels(choose_kernels(with.table)),
      gradient(gradient_room_.of<float>(elements)),
      residual(residual_room_.of<float>(elements)),
      result(result_room_.of<float>(elements)),
      first_residual_(first_residual_room_.of<float>(elements)) {
  const auto size = static_cast<std::size_t>(elements);
  fill(input, 2 * options.seed, 1e-3F, {gradient, size});
  fill(input, 2 * options.seed + 1, 0.5e-3F, {first_residual_, size});
}

void KernelBench::restore() {
  std::copy_n(first_residual_, count, residual);
}

KernelRow KernelBench::row(std::string_view kernel, std::optional<double> density) const {
  KernelRow row;
  row.kernel = kernel;
  row.n = count;
  row.density = density;
  row.input = input.name;
  row.threads = workspace.team == nullptr ? 1 : workspace.team->members();
  return row;
}

void KernelBench::time(KernelRow& row, const std::function<void()>& prepare,
                       const std::function<void()>& work) {
  const ReduceFunction add = kernels.reduction(ElementType::float32, ReduceOp::sum);
  // The floor uses as many threads as the kernel. Each thread adds its share.
  const auto floor = [&] {
    for_each_member(workspace, row.threads, [&](int member) {
      const std::int64_t begin = count * member / row.threads;
      const std::int64_t end = count * (member + 1) / row.threads;
      add(residual + begin, gradient + begin, end - begin);
    });
  };
  const auto seconds = [](const auto& timed) {
    const double begin_s = monotonic_s();
    timed();
    return monotonic_s() - begin_s;
  };
  std::vector<double> ratios;
  std::vector<double> times_s;
  for (int i = -1; i < options.iterations; ++i) {
    restore();
    const double floor_s = seconds(floor);
    prepare();
    const double work_s = seconds(work);
    if (i < 0) continue;  // the first grows the workspace
    ratios.push_back(work_s / floor_s);
    times_s.push_back(work_s);
  }
  row.floor_ratio = median(ratios);
  row.ms = median(times_s) * 1e3;
}

}  // namespace pliant::bench

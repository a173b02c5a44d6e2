#include "apps/bench/kernels/device_bench.hpp"

#include <algorithm>
#include <span>

#include "compress/index_codec.hpp"
#include "compress/topk.hpp"
#include "core/error.hpp"
#include "core/monotonic.hpp"
#include "core/stats.hpp"

namespace pliant::bench {
namespace {

constexpr std::int64_t kBytesOfFloat = 4;

/// Cuts an allocation into pieces that begin at multiples of 256 bytes. Without an allocation it only adds up
/// sizes.
class Cutter {
 public:
  explicit Cutter(void* memory) : memory_(static_cast<std::byte*>(memory)) {}
  void* cut(std::int64_t bytes) {
    constexpr std::int64_t kAlign = 256;
    void* const at = memory_ == nullptr ? nullptr : memory_ + bytes_;
    bytes_ += (bytes + kAlign - 1) / kAlign * kAlign;
    return at;
  }
  std::int64_t bytes() const { return bytes_; }

 private:
  std::byte* memory_;
  std::int64_t bytes_ = 0;
};

DeviceMemory divide(Cutter& cutter, std::int64_t count, std::span<const double> densities) {
  std::int64_t kept = 0;
  for (const double density : densities) kept = std::max(kept, kept_count(count, density));
  DeviceMemory m;
  for (float** vector : {&m.gradient, &m.first_residual, &m.residual, &m.result})
    *vector = static_cast<float*>(cutter.cut(count * kBytesOfFloat));
  m.indices = static_cast<std::uint32_t*>(cutter.cut(kept * kBytesOfFloat));
  m.values = static_cast<float*>(cutter.cut(kept * kBytesOfFloat));
  const auto select_bytes = static_cast<std::int64_t>(cuda::divide_memory(nullptr, count, kept).bytes);
  m.select = cuda::divide_memory(cutter.cut(select_bytes), count, kept);
  return m;
}

std::string place(const KernelRow& row, const char* what) {
  return row.kernel + ", n = " + std::to_string(row.n) +
         (row.density ? ", density = " + std::to_string(*row.density) : std::string()) + ", input " +
         row.input + ": " + what;
}

[[noreturn]] void refuse(const std::string& problem) {
  throw Error(ErrorClass::other, problem, "a device's answers are the scalar table's, bit for bit",
              "Run the tests (ctest -R cuda) there, and report both");
}

}  // namespace

DeviceBench::DeviceBench(Accelerator& accelerator, const KernelOptions& with, const KernelInput& of,
                         std::int64_t elements)
    : options(with),
      input(of),
      count(elements),
      accelerator_(accelerator),
      device_(accelerator.device()),
      device_room_(accelerator.device()) {}

std::unique_ptr<DeviceBench> DeviceBench::make(Accelerator& accelerator, const KernelOptions& options,
                                               const KernelInput& input, std::int64_t count) {
  if (count > cuda::kMostElements)
    throw Error(ErrorClass::count, "n = " + std::to_string(count),
                "a device selects from at most 2^32 - 1 elements", "Pass fewer with --counts");
  std::unique_ptr<DeviceBench> bench(new DeviceBench(accelerator, options, input, count));
  Cutter counter(nullptr);
  divide(counter, count, options.densities);
  void* const memory = bench->device_room_.of(counter.bytes());
  accelerator.finish();
  if (memory == nullptr) return nullptr;
  Cutter cutter(memory);
  bench->memory = divide(cutter, count, options.densities);
  bench->fill_both();
  return bench;
}

void DeviceBench::fill_both() {
  const auto size = static_cast<std::size_t>(count);
  gradient = gradient_room_.of<float>(count);
  first_ = first_room_.of<float>(count);
  residual = residual_room_.of<float>(count);
  result = result_room_.of<float>(count);
  fill(input, 2 * options.seed, 1e-3F, {gradient, size});
  fill(input, 2 * options.seed + 1, 0.5e-3F, {first_, size});
  device_.copy(memory.gradient, gradient, count * kBytesOfFloat, stream());
  device_.copy(memory.first_residual, first_, count * kBytesOfFloat, stream());
  device_.did(cuda::make_launcher(device_.calls(), launcher),
              "cudaOccupancyMaxActiveBlocksPerMultiprocessor");
  run([&] { return cuda::enqueue_reset(launcher, memory.select, stream()); });
}

KernelRow DeviceBench::row(std::string_view kernel, std::optional<double> density) const {
  KernelRow row;
  row.kernel = kernel;
  row.n = count;
  row.density = density;
  row.input = input.name;
  row.threads = 0;
  return row;
}

void DeviceBench::restore() {
  device_.copy(memory.residual, memory.first_residual, count * kBytesOfFloat, stream());
  accelerator_.finish();
}

void DeviceBench::restore_host() {
  std::copy_n(first_, count, residual);
}

void DeviceBench::run(const Enqueue& enqueue) {
  restore();
  device_.did(enqueue(), "cudaLaunchKernel");
  accelerator_.finish();
}

double DeviceBench::batch_s(const Enqueue& enqueue) {
  restore();
  const double begin_s = monotonic_s();
  for (int i = 0; i < options.batch && device_.ok(); ++i) device_.did(enqueue(), "cudaLaunchKernel");
  accelerator_.finish();
  return (monotonic_s() - begin_s) / options.batch;
}

void DeviceBench::time(KernelRow& row, const Enqueue& enqueue) {
  const Enqueue floor = [&] {
    return cuda::enqueue_accumulate(launcher, memory.select, memory.residual, memory.gradient, count,
                                    stream());
  };
  const Enqueue copy = [&] {
    return device_.calls().memcpy_async(memory.result, memory.gradient,
                                        static_cast<std::size_t>(count * kBytesOfFloat), stream());
  };
  std::vector<double> floor_ratios;
  std::vector<double> copy_ratios;
  std::vector<double> times_s;
  for (int i = -1; i < options.iterations; ++i) {
    const double floor_s = batch_s(floor);
    const double copy_s = batch_s(copy);
    const double work_s = batch_s(enqueue);
    if (i < 0) continue;  // the first loads the kernels
    floor_ratios.push_back(work_s / floor_s);
    copy_ratios.push_back(work_s / copy_s);
    times_s.push_back(work_s);
  }
  row.floor_ratio = median(floor_ratios);
  row.copy_ratio = median(copy_ratios);
  row.ms = median(times_s) * 1e3;
}

cuda::SelectTask DeviceBench::task(double density) const {
  cuda::SelectTask task;
  task.residual = memory.residual;
  task.gradient = memory.gradient;
  task.count = count;
  task.kept = kept_count(count, density);
  task.indices = memory.indices;
  task.values = memory.values;
  return task;
}

SelectCall<float> DeviceBench::select(double density) {
  run([&] { return cuda::enqueue_select(launcher, memory.select, task(density), stream()); });
  restore_host();
  SelectCall<float> call{
      .residual = residual, .gradient = gradient, .count = count, .kept = kept_count(count, density)};
  scalar_kernels.select_float(call, workspace);
  return call;
}

void DeviceBench::expect(const KernelRow& row, const char* what, const void* on_device, const void* expected,
                         std::int64_t items) {
  auto* const found = found_room_.of<std::uint32_t>(std::max<std::int64_t>(items, 1));
  device_.copy(found, on_device, items * kBytesOfFloat, stream());
  accelerator_.finish();
  const auto* const wanted = static_cast<const std::uint32_t*>(expected);
  const std::int64_t at = std::mismatch(found, found + items, wanted).first - found;
  if (at < items)
    refuse(place(row, what) + "[" + std::to_string(at) + "] has bits " + std::to_string(found[at]) +
           " instead of " + std::to_string(wanted[at]));
}

void DeviceBench::expect_number(const KernelRow& row, const char* what, double found, double expected) const {
  if (found != expected)
    refuse(place(row, what) + " = " + std::to_string(found) + " instead of " + std::to_string(expected));
}

}  // namespace pliant::bench

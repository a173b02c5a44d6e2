#include "runtime/device/device_speed.hpp"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <span>
#include <vector>

#include "core/stats.hpp"
#include "kernels/cuda/device_array.hpp"
#include "kernels/long_vectors.hpp"
#include "mpi/agree.hpp"

namespace pliant {
namespace {

/// Elements of the vectors to measure with. Measuring ends at the first length that takes more than kQuick_s.
constexpr std::array<std::int64_t, 3> kCounts = {1 << 16, 1 << 20, 1 << 24};
constexpr double kQuick_s = 2e-3;
constexpr std::int64_t kKeptOf = 100;  ///< one of 100 elements is kept
constexpr std::int64_t kShortBytes = 4096;
constexpr std::int64_t kLongBytes = 4 << 20;
constexpr int kRepeats = 5;

/// [s] of one run.
template <class Run>
double time_s(Run&& run) {
  const double begin_s = MPI_Wtime();
  run();
  return MPI_Wtime() - begin_s;
}

/// [s] median of kRepeats runs, after a warm-up run. The number of runs is the same on all ranks.
template <class Run>
double median_s(Run&& run) {
  std::array<double, kRepeats> times{};
  run();
  for (double& time : times) time = time_s(run);
  return lower_median(std::span<double>(times));
}

/// [s] as median_s(), or the first run if that is slow. Only for local work: ranks may differ in their runs.
template <class Run>
double typical_s(Run&& run) {
  const double first_s = time_s(run);
  return first_s > kRepeats * kQuick_s ? first_s : median_s(run);
}

/// Fits alpha and beta to the times of two lengths. of(bytes) returns a time [s].
template <class Time>
LinkModel line(Time&& of) {
  const double short_s = of(kShortBytes);
  const double long_s = of(kLongBytes);
  const double beta = std::max(0.0, (long_s - short_s) / static_cast<double>(kLongBytes - kShortBytes));
  return {.alpha_s = std::max(0.0, short_s - beta * static_cast<double>(kShortBytes)),
          .beta_s_per_byte = beta};
}

LinkModel measure_copies(cuda::Device& device, const void* from, void* to, cuda::Stream stream) {
  return line([&](std::int64_t bytes) {
    return typical_s([&] {
      device.copy(to, from, bytes, stream);
      device.wait(stream);
    });
  });
}

/// A gradient to select from, with distinct magnitudes, a few of them far above the rest. In a vector of
/// zeros all elements would tie, and no threshold could separate them.
std::vector<float> made_up_gradient(std::int64_t count) {
  std::minstd_rand random(1);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) {
    const float drawn = uniform(random);
    value = drawn * drawn * drawn;
  }
  return values;
}

/// The vectors to measure with.
struct Vectors {
  std::int64_t count;
  std::unique_ptr<cuda::DeviceArray> residual, gradient, result;

  Vectors(cuda::Device& device, std::int64_t n)
      : count(n),
        residual(cuda::DeviceArray::zeros(device, n)),
        gradient(cuda::DeviceArray::zeros(device, n)),
        result(cuda::DeviceArray::zeros(device, n)) {
    if (there()) gradient->set(made_up_gradient(n));
  }
  bool there() const { return residual != nullptr && gradient != nullptr && result != nullptr; }
};

double select_s(const Vectors& vectors, SelectWorkspace& memory, const Kernels& kernels) {
  return typical_s([&] {
    SelectCall<float> call{.residual = vectors.residual->data(),
                           .gradient = vectors.gradient->data(),
                           .count = vectors.count,
                           .kept = vectors.count / kKeptOf};
    select_topk(kernels, call, memory);
  });
}

/// [s/element] of gathering values to the host, or scattering values from it; the mean of both.
double pair_s(const Vectors& vectors, SelectWorkspace& memory, const Kernels& kernels) {
  const std::int64_t kept = vectors.count / kKeptOf;
  std::vector<std::uint32_t> places(static_cast<std::size_t>(kept));
  for (std::size_t j = 0; j < places.size(); ++j) places[j] = static_cast<std::uint32_t>(j * kKeptOf);
  std::vector<float> values(places.size());
  const double both_s = typical_s([&] {
    take(kernels, vectors.residual->data(), places.data(), kept, values.data(), memory);
    scatter_add(kernels, vectors.result->data(), places.data(), values.data(), kept, memory);
  });
  return both_s / (2 * static_cast<double>(kept));
}

ComputeModel measure_kernels(DeviceWorkspace& workspace, const Kernels& kernels) {
  SelectWorkspace memory;
  memory.device = &workspace.vectors;
  cuda::Device& device = workspace.vectors.device();
  ComputeModel model;
  for (const std::int64_t count : kCounts) {
    const Vectors vectors(device, count);
    if (!vectors.there()) return model;
    const double per_element = 1.0 / static_cast<double>(count);
    const double selection_s = select_s(vectors, memory, kernels);
    model.select_s_per_element = per_element * selection_s;
    model.apply_s_per_element = per_element * typical_s([&] {
                                  vectors.result->clear();
                                  device.wait(device.work());
                                });
    model.drain_s_per_element = per_element * typical_s([&] {
                                  drain(kernels, vectors.result->data(), vectors.gradient->data(),
                                        vectors.residual->data(), count, memory);
                                });
    model.pair_s_per_element = pair_s(vectors, memory, kernels);
    if (selection_s > kQuick_s) return model;
  }
  return model;
}

LinkModel measure_nccl(DevicePart& part, void* memory) {
  return line([&](std::int64_t bytes) {
    return median_s([&] {
      part.nccl->all_reduce(memory, bytes / static_cast<std::int64_t>(sizeof(float)), ElementType::float32,
                            ReduceOp::max);
      part.nccl->all_are_here();
      while (!part.nccl->settled()) continue;
      part.nccl->finish();
      while (!part.nccl->finished()) continue;
    });
  });
}

}  // namespace

DeviceModel measure_device(DevicePart& part, Communicator& comm, const Kernels& kernels) {
  cuda::Device& device = part.device;
  const cuda::OnDevice here(device);
  DeviceModel model;
  DeviceWorkspace workspace(device);
  const auto buffer = cuda::DeviceArray::zeros(device, kLongBytes / static_cast<std::int64_t>(sizeof(float)));
  if (buffer != nullptr) {
    void* const host = workspace.whole.of(kLongBytes);
    model.to_host = measure_copies(device, buffer->data(), host, device.to_host());
    model.to_device = measure_copies(device, host, buffer->data(), device.to_device());
    model.compute = measure_kernels(workspace, kernels);
    buffer->clear();
  }
  const int without = first_rank_where(comm, buffer == nullptr);
  if (without < 0 && part.nccl != nullptr) model.nccl = measure_nccl(part, buffer->data());
  const auto numbers = numbers_of(model);
  std::array<double, numbers.size()> values{};
  for (std::size_t i = 0; i < numbers.size(); ++i) values[i] = *numbers[i].value;
  agree_max(comm, values);
  for (std::size_t i = 0; i < numbers.size(); ++i) *numbers[i].value = values[i];
  return model;
}

}  // namespace pliant

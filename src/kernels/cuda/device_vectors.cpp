#include "kernels/cuda/device_vectors.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <span>

#include "kernels/gain_curve.hpp"
#include "kernels/magnitude.hpp"

namespace pliant::cuda {
namespace {

constexpr std::int64_t kPairBytes = sizeof(std::uint32_t) + sizeof(float);
constexpr std::int64_t kLeastPairs = 1024;
constexpr std::int64_t kSegmentBytes = 4 << 20;

struct Numbers {
  DeviceSelection selection;
  std::array<std::uint32_t, kBins> magnitudes;
};

std::int64_t nonfinite_of(const float* values, std::int64_t kept) {
  return std::count_if(values, values + kept,
                       [](float value) { return magnitude(value) >= Magnitude<float>::kInfinity; });
}

}  // namespace

DeviceVectors::DeviceVectors(Device& device)
    : device_(device),
      select_(device),
      selected_(device),
      pairs_(device),
      counts_(device),
      found_(device),
      numbers_(device),
      instead_(device) {
  const OnDevice here(device_);
  if (device_.ok())
    device_.did(make_launcher(device_.calls(), launcher_), "cudaOccupancyMaxActiveBlocksPerMultiprocessor");
}

void DeviceVectors::pin_again() {
  for (HostScratch* room : {&found_, &numbers_, &instead_}) room->pin_again();
}

void DeviceVectors::lack(const char* what, std::int64_t bytes) {
  if (notice_.empty())
    notice_ = "device " + std::to_string(device_.number()) + " has no " + std::to_string(bytes) +
              " bytes for " + what +
              ": done in the host's memory, in smaller segments. Free device memory for more speed";
}

bool DeviceVectors::prepare(std::int64_t count, std::int64_t kept) {
  if (!device_.ok()) return false;
  if (memory_.bytes > 0 && count <= memory_.count && kept <= memory_.kept) return true;
  count = std::max(count, memory_.count);
  kept = std::max(kept, memory_.kept);
  const auto bytes = static_cast<std::int64_t>(divide_memory(nullptr, count, kept).bytes);
  memory_ = {};
  void* const memory = select_.of(bytes);
  if (memory == nullptr) {
    if (device_.ok()) lack("selecting", bytes);
    return false;
  }
  memory_ = divide_memory(memory, count, kept);
  return device_.did(enqueue_reset(launcher_, memory_, device_.work()), "cudaMemsetAsync");
}

bool DeviceVectors::reserve(std::int64_t count, std::int64_t kept) {
  const OnDevice here(device_);
  const std::int64_t bytes = kept * kPairBytes;
  found_.of(bytes);  // reserve now: this rank may become leader much later
  return prepare(count, kept) && selected_.of(bytes) != nullptr && pairs_.of(bytes) != nullptr;
}

Selection DeviceVectors::numbers() {
  auto* const numbers = static_cast<Numbers*>(numbers_.of(sizeof(Numbers)));
  numbers->selection = {};
  device_.copy(&numbers->selection, memory_.selection, sizeof(DeviceSelection), device_.work());
  if (!device_.wait(device_.work())) return {};
  return {numbers->selection.sent_squared, numbers->selection.total_squared,
          static_cast<std::int64_t>(numbers->selection.nonfinite)};
}

// ---- Selecting ----

Selection DeviceVectors::select(const Kernels& kernels, SelectCall<float>& call) {
  const OnDevice here(device_);
  auto* const found = static_cast<std::byte*>(found_.of(call.kept * kPairBytes));
  call.indices = reinterpret_cast<std::uint32_t*>(found);
  call.values = reinterpret_cast<float*>(call.indices + call.kept);
  const bool room =
      prepare(call.count, call.kept) && (call.kept == 0 || selected_.of(call.kept * kPairBytes) != nullptr);
  if (!room && device_.ok()) return select_on_host(kernels, call);
  Selection selection;
  if (room) selection = select_here(call, static_cast<float*>(selected_.get()));
  if (!device_.ok()) {
    std::iota(call.indices, call.indices + call.kept, 0U);
    std::fill_n(call.values, call.kept, 0.0F);
    return {};
  }
  return selection;
}

Selection DeviceVectors::select_here(SelectCall<float>& call, float* selected) {
  const Stream stream = device_.work();
  auto* const indices = reinterpret_cast<std::uint32_t*>(selected);
  SelectTask task{.residual = call.residual,
                  .gradient = call.gradient,
                  .count = call.count,
                  .kept = call.kept,
                  .take = call.take,
                  .indices = indices,
                  .values = selected + call.kept};
  if (call.curve != nullptr)
    task.magnitudes = static_cast<std::uint32_t*>(counts_.of(kBins * sizeof(std::uint32_t)));
  device_.did(enqueue_select(launcher_, memory_, task, stream), "cudaLaunchKernel");
  device_.copy(call.indices, indices, call.kept * kPairBytes, stream);
  if (device_.ok()) device_.did(enqueue_select_norms(launcher_, memory_, task, stream), "cudaLaunchKernel");
  auto* const counts = static_cast<Numbers*>(numbers_.of(sizeof(Numbers)))->magnitudes.data();
  if (task.magnitudes != nullptr)
    device_.copy(counts, task.magnitudes, kBins * sizeof(std::uint32_t), stream);
  const Selection selection = numbers();
  if (call.curve != nullptr && task.magnitudes != nullptr && device_.ok())
    fill_gain_curve<float>({counts, kBins}, selection.total_squared, *call.curve);
  return selection;
}

void DeviceVectors::bring(std::vector<float>& to, const float* from, std::int64_t count) {
  to.resize(static_cast<std::size_t>(count));
  constexpr std::int64_t kSegment = kSegmentBytes / static_cast<std::int64_t>(sizeof(float));
  auto* const segment = static_cast<float*>(numbers_.of(kSegmentBytes));
  for (std::int64_t begin = 0; begin < count && device_.ok(); begin += kSegment) {
    const std::int64_t part = std::min(kSegment, count - begin);
    device_.copy(segment, from + begin, part * static_cast<std::int64_t>(sizeof(float)), device_.work());
    if (device_.wait(device_.work())) std::copy_n(segment, part, to.begin() + begin);
  }
}

void DeviceVectors::take_back(float* to, const std::vector<float>& from) {
  device_.copy(to, from.data(), static_cast<std::int64_t>(from.size() * sizeof(float)), device_.work());
  device_.wait(device_.work());
}

Selection DeviceVectors::select_on_host(const Kernels& kernels, SelectCall<float>& call) {
  bring(residual_, call.residual, call.count);
  if (call.gradient != nullptr) bring(gradient_, call.gradient, call.count);
  SelectCall<float> on_host = call;
  on_host.residual = residual_.data();
  on_host.gradient = call.gradient != nullptr ? gradient_.data() : nullptr;
  const Selection selection = kernels.select_float(on_host, on_host_);
  std::copy_n(on_host.indices, call.kept, call.indices);
  std::copy_n(on_host.values, call.kept, call.values);
  take_back(call.residual, residual_);
  return selection;
}

// ---- Adding ----

double DeviceVectors::accumulate(const Kernels& kernels, float* residual, const float* gradient,
                                 std::int64_t count) {
  const OnDevice here(device_);
  if (prepare(count, 0)) {
    device_.did(enqueue_accumulate(launcher_, memory_, residual, gradient, count, device_.work()),
                "cudaLaunchKernel");
    return numbers().total_squared;
  }
  if (!device_.ok()) return 0;
  bring(residual_, residual, count);
  bring(gradient_, gradient, count);
  const double squared = kernels.accumulate(residual_.data(), gradient_.data(), count, on_host_);
  take_back(residual, residual_);
  return squared;
}

double DeviceVectors::drain(const Kernels& kernels, float* result, const float* gradient, float* residual,
                            std::int64_t count) {
  const OnDevice here(device_);
  if (prepare(count, 0)) {
    device_.did(enqueue_drain(launcher_, memory_, {result, gradient, residual, count}, device_.work()),
                "cudaLaunchKernel");
    return numbers().total_squared;
  }
  if (!device_.ok()) return 0;
  bring(residual_, residual, count);
  bring(gradient_, gradient, count);
  const double squared = kernels.drain(gradient_.data(), gradient_.data(), residual_.data(), count, on_host_);
  take_back(residual, residual_);
  take_back(result, gradient_);
  return squared;
}

// ---- By index ----

DevicePairs DeviceVectors::some_pairs(std::int64_t kept) {
  for (std::int64_t room = kept; device_.ok(); room /= 2) {
    void* const memory = pairs_.of(room * kPairBytes);
    auto* const indices = static_cast<std::uint32_t*>(memory);
    if (memory != nullptr) return {indices, reinterpret_cast<float*>(indices + room), room};
    lack("values on their way", room * kPairBytes);
    if (room <= kLeastPairs) device_.did(device_.calls().out_of_memory, "cudaMalloc");
  }
  return {};
}

Selection DeviceVectors::take(const Kernels& kernels, float* from, const std::uint32_t* indices,
                              std::int64_t kept, float* out) {
  const OnDevice here(device_);
  std::fill_n(out, kept, 0.0F);
  const DevicePairs room = some_pairs(kept);
  for (std::int64_t begin = 0; begin < kept && device_.ok(); begin += room.kept) {
    const std::int64_t part = std::min(room.kept, kept - begin);
    device_.copy(room.indices, indices + begin, part * 4, device_.work());
    const MoveTask task{from, room.indices, room.values, part};
    device_.did(enqueue_take(launcher_, task, device_.work()), "cudaLaunchKernel");
    device_.copy(out + begin, room.values, part * 4, device_.work());
    device_.wait(device_.work());
  }
  return {kernels.squared_norm(out, kept), 0, nonfinite_of(out, kept)};
}

void DeviceVectors::gather(const float* from, const std::uint32_t* indices, std::int64_t kept, float* out) {
  const OnDevice here(device_);
  std::fill_n(out, kept, 0.0F);
  const DevicePairs room = some_pairs(kept);
  for (std::int64_t begin = 0; begin < kept && device_.ok(); begin += room.kept) {
    const std::int64_t part = std::min(room.kept, kept - begin);
    device_.copy(room.indices, indices + begin, part * 4, device_.work());
    device_.did(enqueue_gather(launcher_, {const_cast<float*>(from), room.indices, room.values, part},
                               device_.work()),
                "cudaLaunchKernel");
    device_.copy(out + begin, room.values, part * 4, device_.work());
    device_.wait(device_.work());
  }
}

void DeviceVectors::scatter_add(float* into, const std::uint32_t* indices, const float* values,
                                std::int64_t kept) {
  const OnDevice here(device_);
  const DevicePairs room = some_pairs(kept);
  for (std::int64_t begin = 0; begin < kept && device_.ok(); begin += room.kept) {
    const std::int64_t part = std::min(room.kept, kept - begin);
    device_.copy(room.indices, indices + begin, part * 4, device_.work());
    device_.copy(room.values, values + begin, part * 4, device_.work());
    device_.did(enqueue_scatter_add(launcher_, {into, room.indices, room.values, part}, device_.work()),
                "cudaLaunchKernel");
    device_.wait(device_.work());
  }
}

void DeviceVectors::clear(void* memory, std::int64_t bytes) {
  const OnDevice here(device_);
  device_.clear(memory, bytes, device_.work());
}

void DeviceVectors::copy(void* to, const void* from, std::int64_t bytes) {
  const OnDevice here(device_);
  device_.copy(to, from, bytes, device_.work());
}

// ---- Pairs that stay ----

DevicePairs DeviceVectors::pairs(std::int64_t kept) {
  const OnDevice here(device_);
  void* const memory = pairs_.of(kept * kPairBytes);
  const bool room = memory != nullptr && prepare(1, kept);
  if (!room) device_.did(device_.calls().out_of_memory, "cudaMalloc");
  auto* const indices = static_cast<std::uint32_t*>(room ? memory : instead_.of(kept * kPairBytes));
  if (!room) std::fill_n(indices, 2 * kept, 0U);
  return {indices, reinterpret_cast<float*>(indices + kept), kept};
}

void DeviceVectors::put_indices(const DevicePairs& pairs, const std::uint32_t* indices) {
  const OnDevice here(device_);
  device_.copy(pairs.indices, indices, pairs.kept * 4, device_.work());
}

Selection DeviceVectors::take_there(float* from, const DevicePairs& pairs) {
  const OnDevice here(device_);
  const MoveTask task{from, pairs.indices, pairs.values, pairs.kept};
  if (device_.ok()) device_.did(enqueue_take(launcher_, task, device_.work()), "cudaLaunchKernel");
  if (device_.ok())
    device_.did(enqueue_take_norms(launcher_, memory_, task, device_.work()), "cudaLaunchKernel");
  return device_.ok() ? numbers() : Selection{};
}

void DeviceVectors::scatter_add_there(float* into, const DevicePairs& pairs) {
  const OnDevice here(device_);
  if (device_.ok())
    device_.did(
        enqueue_scatter_add(launcher_, {into, pairs.indices, pairs.values, pairs.kept}, device_.work()),
        "cudaLaunchKernel");
}

}  // namespace pliant::cuda

#include "compress/speed.hpp"

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "compress/index_codec.hpp"
#include "core/stats.hpp"

namespace pliant {
namespace {

constexpr std::int64_t kCount = std::int64_t{1} << 18;  // 1 MiB per buffer: larger than L2, read in a few ms
constexpr std::int64_t kKept = kCount / 100;
constexpr std::int64_t kStride = 10;  // mean gap of the timed index set: density 10 %
constexpr int kRepetitions = 5;

template <class Work>
double median_s(ClockFunction now_s, Work&& work) {
  std::vector<double> times_s;
  for (int i = 0; i < kRepetitions; ++i) {
    const double begin_s = now_s();
    work();
    times_s.push_back(now_s() - begin_s);
  }
  return median(std::move(times_s));
}

/// Indices whose gaps vary about kStride, without a pattern that a codec could exploit.
std::vector<std::uint32_t> made_up_indices(std::mt19937& random) {
  std::geometric_distribution<std::uint32_t> gap(1.0 / kStride);
  std::vector<std::uint32_t> indices;
  for (std::uint32_t at = gap(random); at < kCount; at += 1 + gap(random)) indices.push_back(at);
  return indices;
}

void time_codecs(ComputeModel& model, std::mt19937& random, ClockFunction now_s) {
  std::vector<std::uint32_t> indices = made_up_indices(random);
  const auto kept = static_cast<std::int64_t>(indices.size());
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < index_codecs().size(); ++i) {
    const IndexCodec& codec = *index_codecs()[i];
    bytes.resize(static_cast<std::size_t>(codec.max_bytes(kCount, kept)));
    const double codec_s = median_s(now_s, [&] {
      const std::int64_t length = codec.encode(indices.data(), kCount, kept, bytes.data());
      codec.decode({bytes.data(), static_cast<std::size_t>(length)}, kCount, kept, indices.data());
    });
    model.codec_s_per_index[i] = codec_s / static_cast<double>(kept);
  }
}

}  // namespace

ComputeModel measure_compute(const Kernels& kernels, ClockFunction now_s, Team* team) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> gradient(kCount);
  for (float& value : gradient) value = normal(random);
  std::vector<float> residual = gradient;
  std::vector<float> result(kCount);
  SelectWorkspace workspace;
  workspace.team = team;
  SelectCall<float> call;

  ComputeModel model;
  const double select_s = median_s(now_s, [&] {
    call = {.residual = residual.data(), .gradient = gradient.data(), .count = kCount, .kept = kKept};
    kernels.select_float(call, workspace);
  });
  const double apply_s = median_s(now_s, [&] { std::memset(result.data(), 0, sizeof(float) * kCount); });
  const double pair_s = median_s(now_s, [&] {
    kernels.take(residual.data(), call.indices, kKept, call.values);
    kernels.scatter_add(result.data(), call.indices, call.values, kKept);
  });
  const double drain_s = median_s(
      now_s, [&] { kernels.drain(result.data(), gradient.data(), residual.data(), kCount, workspace); });
  const ReduceFunction add = kernels.reduction(ElementType::float32, ReduceOp::sum);
  const double add_s = median_s(now_s, [&] { add(result.data(), gradient.data(), kCount); });
  model.select_s_per_element = select_s / kCount;
  model.apply_s_per_element = apply_s / kCount;
  model.pair_s_per_element = pair_s / (2 * kKept);
  model.drain_s_per_element = drain_s / kCount;
  model.gamma_s_per_byte = add_s / (sizeof(float) * kCount);
  time_codecs(model, random, now_s);
  return model;
}

}  // namespace pliant

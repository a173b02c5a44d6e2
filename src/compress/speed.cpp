#include "compress/speed.hpp"

#include <cstring>
#include <random>
#include <vector>

#include "core/stats.hpp"

namespace pliant {
namespace {

constexpr std::int64_t kCount = std::int64_t{1} << 18;  // 1 MiB a buffer: out of L2, and touched in a few ms
constexpr std::int64_t kKept = kCount / 100;
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

}  // namespace

ComputeModel measure_compute(const Kernels& kernels, ClockFunction now_s) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> gradient(kCount);
  for (float& value : gradient) value = normal(random);
  std::vector<float> residual = gradient;
  std::vector<float> result(kCount);
  std::vector<std::uint32_t> indices(kKept);
  std::vector<float> values(kKept);
  SelectScratch scratch;

  ComputeModel model;
  const double select_s = median_s(now_s, [&] {
    kernels.accumulate(residual.data(), gradient.data(), kCount);
    kernels.select_topk(residual.data(), kCount, kKept, indices.data(), values.data(), scratch);
  });
  const double apply_s = median_s(now_s, [&] { std::memset(result.data(), 0, sizeof(float) * kCount); });
  const double pair_s = median_s(now_s, [&] {
    kernels.take(residual.data(), indices.data(), kKept, values.data());
    kernels.scatter_add(result.data(), indices.data(), values.data(), kKept);
  });
  const ReduceFunction add = kernels.reduction(ElementType::float32, ReduceOp::sum);
  const double add_s = median_s(now_s, [&] { add(result.data(), gradient.data(), kCount); });
  model.select_s_per_element = select_s / kCount;
  model.apply_s_per_element = apply_s / kCount;
  model.pair_s_per_element = pair_s / (2 * kKept);
  model.gamma_s_per_byte = add_s / (sizeof(float) * kCount);
  return model;
}

}  // namespace pliant

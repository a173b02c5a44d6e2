// Gradients and their gain curves, for tests of policies.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "compress/gain_model.hpp"
#include "core/config.hpp"
#include "core/link_model.hpp"

namespace pliant::test {

/// 1 Gbit/s, 50 us, and typical compute speeds.
inline constexpr CostModel kModel{.link = {.alpha_s = 50e-6, .beta_s_per_byte = 8e-9},
                                  .compute = {.gamma_s_per_byte = 1e-10,
                                              .select_s_per_element = 2e-9,
                                              .apply_s_per_element = 1e-10,
                                              .pair_s_per_element = 1e-9}};

/// Density 1 % and EF14; otherwise defaults.
inline Settings usual_settings() {
  Settings settings;
  settings.density = 0.01;
  settings.error_feedback = "ef14";
  return settings;
}

/// [count] |normal|^power with a sign. A larger power gives heavier tails.
inline std::vector<float> gradient_of(std::int64_t count, double power, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) {
    const double value = normal(random);
    values.push_back(static_cast<float>(std::copysign(std::pow(std::abs(value), power), value)));
  }
  return values;
}

inline GainCurve curve_of(const std::vector<float>& values) {
  std::vector<std::uint32_t> histogram(kBuckets<float>);
  count_magnitudes(values.data(), static_cast<std::int64_t>(values.size()), histogram.data());
  double total = 0;
  for (const float value : values) total += static_cast<double>(value) * value;
  GainCurve curve;
  fill_gain_curve<float>(histogram, total, curve);
  return curve;
}

/// The gain model of such a gradient with `count` elements, from a sample.
inline GainModel model_of(std::int64_t count, double power, unsigned seed = 1) {
  constexpr std::int64_t kSample = 200'000;
  const GainCurve curve = curve_of(gradient_of(std::min(count, kSample), power, seed));
  const GainModel sampled(curve, std::min(count, kSample));
  return {sampled.gains(), count};
}

}  // namespace pliant::test

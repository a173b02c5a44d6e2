#include "apps/bench/kernels/inputs.hpp"

#include <cmath>
#include <numbers>

namespace pliant::bench {
namespace {

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

/// Maps random bits into (0, 1).
double unit(std::uint64_t bits) {
  return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
}

float normal(double u, double v, std::int64_t, std::int64_t) {
  return static_cast<float>(std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v));
}

float laplace(double u, double v, std::int64_t, std::int64_t) {
  return static_cast<float>(v < 0.5 ? std::log(u) : -std::log(u));
}

/// Two degrees of freedom: the quantile function is (2u - 1) / sqrt(2u(1 - u)).
float student_t(double u, double, std::int64_t, std::int64_t) {
  return static_cast<float>((2 * u - 1) / std::sqrt(2 * u * (1 - u)));
}

/// 53 layers of equal length whose scales lie between 2^-6 and 2^6 in no order.
float layered(double u, double v, std::int64_t index, std::int64_t count) {
  constexpr std::int64_t kLayers = 53;
  const std::int64_t layer = index * kLayers / count;
  const double exponent = static_cast<double>(layer * 29 % kLayers) * 12 / (kLayers - 1) - 6;
  return normal(u, v, index, count) * static_cast<float>(std::exp2(exponent));
}

float equal(double, double, std::int64_t, std::int64_t) {
  return 1;
}

float zeros(double u, double v, std::int64_t index, std::int64_t count) {
  return u < 0.999 ? 0 : normal((u - 0.999) * 1000, v, index, count);
}

float few(double u, double, std::int64_t, std::int64_t) {
  return static_cast<float>(std::floor(7 * u) - 3);
}

constexpr KernelInput kInputs[] = {
    {"normal", "normal distribution", normal},
    {"laplace", "Laplace distribution", laplace},
    {"student-t", "Student's t with two degrees of freedom", student_t},
    {"layered", "53 layers of normals, scales 2^-6 to 2^6", layered},
    {"equal", "all elements equal", equal},
    {"zeros", "999 of 1000 elements zero", zeros},
    {"few", "seven values", few},
};

}  // namespace

std::span<const KernelInput> kernel_inputs() {
  return kInputs;
}

void fill(const KernelInput& input, std::uint64_t seed, float scale, std::span<float> out) {
  const auto count = static_cast<std::int64_t>(out.size());
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint64_t bits = mixed(seed * 0x2545f4914f6cdd1dU + static_cast<std::uint64_t>(i));
    out[static_cast<std::size_t>(i)] = scale * input.draw(unit(bits), unit(mixed(bits)), i, count);
  }
}

}  // namespace pliant::bench

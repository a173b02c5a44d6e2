// Made-up gradients and residuals on which kernels are timed.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace pliant::bench {

struct KernelInput {
  std::string_view name;
  std::string_view summary;
  /// Element `index` of `count`, from two independent uniform numbers in (0, 1).
  float (*draw)(double u, double v, std::int64_t index, std::int64_t count);
};

std::span<const KernelInput> kernel_inputs();

/// Fills a vector with `scale` times independent elements; equal seeds give equal vectors.
void fill(const KernelInput& input, std::uint64_t seed, float scale, std::span<float> out);

}  // namespace pliant::bench

// The kernels there are, and what each is given. Seen by host and device: no CUDA here.
#pragma once

#include <cstdint>

namespace pliant::cuda {

/// Threads of a block, in all kernels.
inline constexpr unsigned kBlockThreads = 256;

enum class Kernel { accumulate, kernels };

/// into[i] += from[i], i in [0, count).
struct AccumulateArguments {
  float* into;
  const float* from;
  std::int64_t count;
};

}  // namespace pliant::cuda

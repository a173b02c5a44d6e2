// The loops over a call's vectors of `count` elements, in host or device memory (SelectWorkspace::device).
// They use the communicator's kernel table, or the device's kernels, with bitwise equal results. In both
// cases, indices and the values at them are in host memory.
#pragma once

#include <cstdint>

#include "kernels/kernels.hpp"

namespace pliant {

/// As the functions of Kernels with these names. call.indices and call.values are in host memory.
Selection select_topk(const Kernels& kernels, SelectCall<float>& call, SelectWorkspace& workspace);
double accumulate(const Kernels& kernels, float* residual, const float* gradient, std::int64_t count,
                  SelectWorkspace& workspace);
double drain(const Kernels& kernels, float* result, const float* gradient, float* residual,
             std::int64_t count, SelectWorkspace& workspace);
Selection take(const Kernels& kernels, float* from, const std::uint32_t* indices, std::int64_t kept,
               float* out, SelectWorkspace& workspace);
void scatter_add(const Kernels& kernels, float* into, const std::uint32_t* indices, const float* values,
                 std::int64_t kept, SelectWorkspace& workspace);

/// out[j] = from[indices[j]].
void gather(const float* from, const std::uint32_t* indices, std::int64_t kept, float* out,
            SelectWorkspace& workspace);
void clear(void* memory, std::int64_t bytes, SelectWorkspace& workspace);
void copy(void* to, const void* from, std::int64_t bytes, SelectWorkspace& workspace);

}  // namespace pliant

// The loops over a call's vectors of `count` elements, which may lie in a device's memory
// (SelectWorkspace::device): by the communicator's kernel table, or by the device's kernels, whose answers
// are the same bits. What goes in or out by index, and what is found, lies in the host's memory in both.
#pragma once

#include <cstdint>

#include "kernels/kernels.hpp"

namespace pliant {

/// As Kernels' functions of these names; call.indices and call.values are the host's.
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

#include "kernels/long_vectors.hpp"

#include <cstring>

#include "kernels/cuda/device_vectors.hpp"

namespace pliant {

Selection select_topk(const Kernels& kernels, SelectCall<float>& call, SelectWorkspace& workspace) {
  return workspace.device != nullptr ? workspace.device->select(kernels, call)
                                     : kernels.select_float(call, workspace);
}

double accumulate(const Kernels& kernels, float* residual, const float* gradient, std::int64_t count,
                  SelectWorkspace& workspace) {
  if (workspace.device != nullptr) return workspace.device->accumulate(kernels, residual, gradient, count);
  return kernels.accumulate(residual, gradient, count, workspace);
}

double drain(const Kernels& kernels, float* result, const float* gradient, float* residual,
             std::int64_t count, SelectWorkspace& workspace) {
  if (workspace.device != nullptr) return workspace.device->drain(kernels, result, gradient, residual, count);
  return kernels.drain(result, gradient, residual, count, workspace);
}

Selection take(const Kernels& kernels, float* from, const std::uint32_t* indices, std::int64_t kept,
               float* out, SelectWorkspace& workspace) {
  if (workspace.device != nullptr) return workspace.device->take(kernels, from, indices, kept, out);
  return kernels.take(from, indices, kept, out);
}

void scatter_add(const Kernels& kernels, float* into, const std::uint32_t* indices, const float* values,
                 std::int64_t kept, SelectWorkspace& workspace) {
  if (workspace.device != nullptr) return workspace.device->scatter_add(into, indices, values, kept);
  kernels.scatter_add(into, indices, values, kept);
}

void gather(const float* from, const std::uint32_t* indices, std::int64_t kept, float* out,
            SelectWorkspace& workspace) {
  if (workspace.device != nullptr) return workspace.device->gather(from, indices, kept, out);
  for (std::int64_t j = 0; j < kept; ++j) out[j] = from[indices[j]];
}

void clear(void* memory, std::int64_t bytes, SelectWorkspace& workspace) {
  if (workspace.device != nullptr) return workspace.device->clear(memory, bytes);
  std::memset(memory, 0, static_cast<std::size_t>(bytes));
}

void copy(void* to, const void* from, std::int64_t bytes, SelectWorkspace& workspace) {
  if (workspace.device != nullptr) return workspace.device->copy(to, from, bytes);
  std::memcpy(to, from, static_cast<std::size_t>(bytes));
}

}  // namespace pliant

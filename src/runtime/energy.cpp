#include "runtime/energy.hpp"

#include <algorithm>
#include <vector>

#include "collectives/device/device_part.hpp"
#include "collectives/sparse/sparse.hpp"

namespace pliant {

double gain_of(double sent_squared, double total_squared) {
  return total_squared > 0 ? std::clamp(sent_squared / total_squared, 0.0, 1.0) : 1;
}

EnergyLeft energy_left(const Operation& operation) {
  const FeedbackState& memory = operation.tensor->memory;
  std::vector<float> copied;
  const float* residual = memory.residual.data();
  if (memory.on_device != nullptr) {
    const cuda::OnDevice here(operation.device.part->device);
    copied.resize(static_cast<std::size_t>(operation.count));
    memory.on_device->get(copied);
    residual = copied.data();
  }
  return {scalar_kernels.squared_norm(residual, operation.count), finite_squared(residual, operation.count)};
}

}  // namespace pliant

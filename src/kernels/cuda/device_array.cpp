#include "kernels/cuda/device_array.hpp"

namespace pliant::cuda {

std::unique_ptr<DeviceArray> DeviceArray::zeros(Device& device, std::int64_t count) {
  std::unique_ptr<DeviceArray> made(new DeviceArray(device, count));
  if (made->room_.of(made->bytes()) == nullptr) return nullptr;
  made->clear();
  return made;
}

void DeviceArray::clear() {
  device_.clear(data(), bytes(), device_.work());
}

void DeviceArray::set(std::span<const float> values) {
  device_.copy(data(), values.data(), bytes(), device_.work());
  device_.wait(device_.work());
}

void DeviceArray::get(std::span<float> values) const {
  device_.copy(values.data(), data(), bytes(), device_.work());
  device_.wait(device_.work());
}

}  // namespace pliant::cuda

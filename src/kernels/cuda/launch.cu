// All kernels, compiled for the device.
#include "kernels/cuda/kernel_functions.cuh"
#include "kernels/cuda/launch.hpp"

namespace pliant::cuda {

const void* device_function(Kernel kernel) {
  const void* found = nullptr;
  for_each_kernel([&](Kernel listed, auto* function) {
    if (listed == kernel) found = reinterpret_cast<const void*>(function);
  });
  return found;
}

}  // namespace pliant::cuda

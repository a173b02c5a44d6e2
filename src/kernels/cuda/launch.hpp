// Between what g++ compiles and what nvcc compiles.
#pragma once

#include "kernels/cuda/kernel_list.hpp"

namespace pliant::cuda {

/// The function that CUDA launches.
const void* device_function(Kernel kernel);

}  // namespace pliant::cuda

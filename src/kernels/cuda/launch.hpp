// The interface between code compiled by g++ and by nvcc.
#pragma once

#include "kernels/cuda/kernel_list.hpp"

namespace pliant::cuda {

/// Returns the function to launch.
const void* device_function(Kernel kernel);

}  // namespace pliant::cuda

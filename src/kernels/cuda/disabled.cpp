// Used in builds without CUDA.
#include "kernels/cuda/calls.hpp"

namespace pliant::cuda {

const Calls* calls() {
  return nullptr;
}

}  // namespace pliant::cuda

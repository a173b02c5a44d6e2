// Replaces simd.cpp in a build without Highway.
#include "kernels/kernels.hpp"

namespace pliant {

std::span<const Kernels* const> simd_tables() {
  return {};
}

}  // namespace pliant

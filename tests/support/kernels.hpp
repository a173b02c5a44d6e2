// The kernel table for a test.
#pragma once

#include <cstdlib>

#include "kernels/kernels.hpp"

namespace pliant::test {

/// The table that PLIANT_KERNELS names, or the best one. CTest runs some programs once per table. Throws if
/// this processor cannot run it; CTest recognises the message and skips the test.
inline const Kernels& kernels_under_test() {
  const char* const name = std::getenv("PLIANT_KERNELS");
  return choose_kernels(name != nullptr ? name : "auto");
}

}  // namespace pliant::test

// The kernel table that a test is to use.
#pragma once

#include <cstdlib>

#include "kernels/kernels.hpp"

namespace pliant::test {

/// What PLIANT_KERNELS names, or the best one: CTest runs some programs once for each table. Throws for one
/// that this processor cannot run; CTest knows that message, and skips the test.
inline const Kernels& kernels_under_test() {
  const char* const name = std::getenv("PLIANT_KERNELS");
  return choose_kernels(name != nullptr ? name : "auto");
}

}  // namespace pliant::test

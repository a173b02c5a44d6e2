// A program linked with this counts calls of operator new.
#pragma once

#include <cstdint>

namespace pliant::test {

/// Allocations of this process so far.
std::int64_t allocations();

}  // namespace pliant::test

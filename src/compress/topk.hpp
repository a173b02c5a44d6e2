// The number of elements that top-k keeps.
#pragma once

#include <cstdint>

namespace pliant {

/// Returns max(1, round(density x count)), at most count, and 0 for count 0. Rounds half away from zero. A
/// pure function, so that every rank keeps the same number.
std::int64_t kept_count(std::int64_t count, double density);

}  // namespace pliant

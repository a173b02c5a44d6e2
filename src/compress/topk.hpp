// Top-k: how many elements are kept.
#pragma once

#include <cstdint>

namespace pliant {

/// k = max(1, round(density x count)), at most count; 0 for count 0. Rounds half away from zero.
/// A pure function, so that every rank keeps the same number.
std::int64_t kept_count(std::int64_t count, double density);

}  // namespace pliant

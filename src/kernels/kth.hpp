// The k-th largest magnitude of several lists.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/streaming_topk.hpp"

namespace pliant {

/// The rank-th largest (from 1) of all entries together; 1 <= rank <= their number. All lie in [low, high].
/// Linear: one histogram narrows [low, high] to a bucket, until few entries are left.
template <class T>
MagnitudeBits<T> kth_largest(std::span<const std::span<const MagnitudeBits<T>>> lists, std::int64_t rank,
                             MagnitudeBits<T> low, MagnitudeBits<T> high, const TopkLoops<T>& loops);

}  // namespace pliant

// The k-th largest magnitude of several lists.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/streaming_topk.hpp"

namespace pliant {

/// Returns the rank-th largest of all entries together, with rank from 1 to their number. All entries must be
/// in [low, high]. Takes linear time: each histogram narrows [low, high] to one bucket, until few entries are
/// left.
template <class T>
MagnitudeBits<T> kth_largest(std::span<const std::span<const MagnitudeBits<T>>> lists, std::int64_t rank,
                             MagnitudeBits<T> low, MagnitudeBits<T> high, const TopkLoops<T>& loops);

}  // namespace pliant

// Binomial tree over P ranks, any root. Pure rank arithmetic.
//
// Ranks are counted from the root: v = (rank - root) mod P. The parent of v is v without its lowest set bit,
// its children are v + 2^i for every 2^i below that bit (for the root: below P).
//   P = 7, root 0:      0
//                     / | \        rounds of a broadcast: 0>4, then 0>2 4>6, then 0>1 2>3 4>5
//                    4  2  1
//                   /\  |
//                  6  5 3
#pragma once

#include <bit>

namespace pliant::binomial {

/// Rounds of a broadcast: ceil(log2 P). As many as those of any algorithm that doubles what a rank holds.
constexpr int rounds(int ranks) {
  return std::bit_width(static_cast<unsigned>(ranks - 1));
}

constexpr int relative(int rank, int root, int ranks) {
  return (rank - root + ranks) % ranks;
}
constexpr int absolute(int v, int root, int ranks) {
  return (v + root) % ranks;
}

/// The parent of v; meaningless for the root, v = 0.
constexpr int parent(int v) {
  return v & (v - 1);
}

/// The smallest power of two that is no child step of v: its lowest set bit; for the root, the first 2^i >=
/// P.
constexpr int step_limit(int v, int ranks) {
  if (v != 0) return v & -v;
  int limit = 1;
  while (limit < ranks) limit *= 2;
  return limit;
}

}  // namespace pliant::binomial

// Recursive halving and doubling over the largest power of two <= P. Pure rank arithmetic.
//
// The first 2e ranks (e = P - 2^m) form pairs. The even rank of each pair folds its data into the odd one and
// waits. The remaining 2^m ranks are numbered in order: their cube rank.
#pragma once

#include <bit>

namespace pliant::hypercube {

/// 2^m, the largest power of two <= ranks.
constexpr int corners(int ranks) {
  return static_cast<int>(std::bit_floor(static_cast<unsigned>(ranks)));
}
/// e, the number of ranks that fold.
constexpr int extras(int ranks) {
  return ranks - corners(ranks);
}

/// Cube rank of `rank`; -1 for one that folds into rank + 1.
constexpr int cube_rank(int rank, int ranks) {
  const int paired = 2 * extras(ranks);
  if (rank >= paired) return rank - extras(ranks);
  return rank % 2 == 0 ? -1 : rank / 2;
}

/// The rank with this cube rank.
constexpr int rank_of(int cube, int ranks) {
  const int e = extras(ranks);
  return cube < e ? 2 * cube + 1 : cube + e;
}

}  // namespace pliant::hypercube

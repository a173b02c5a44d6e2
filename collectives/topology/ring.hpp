// Who talks to whom on a ring, and about which chunk. Pure rank arithmetic.
#pragma once

namespace pliant::ring {

constexpr int next(int rank, int ranks) {
  return (rank + 1) % ranks;
}
constexpr int previous(int rank, int ranks) {
  return (rank + ranks - 1) % ranks;
}

/// Reduce-scatter, step 0 .. P-2: the chunk `rank` sends on. The one it receives is previous(rank)'s.
constexpr int scatter_chunk(int rank, int step, int ranks) {
  return (rank - step + ranks) % ranks;
}

/// Allgather, step 0 .. P-2: the complete chunk `rank` sends on; in step 0 the one the reduce-scatter left it
/// with.
constexpr int gather_chunk(int rank, int step, int ranks) {
  return (rank + 1 - step + ranks) % ranks;
}

}  // namespace pliant::ring

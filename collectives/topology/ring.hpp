// Who talks to whom on a ring, and about which chunk. Pure rank arithmetic.
#pragma once

namespace pliant::ring {

constexpr int next(int rank, int ranks) {
  return (rank + 1) % ranks;
}
constexpr int previous(int rank, int ranks) {
  return (rank + ranks - 1) % ranks;
}

/// The chunk that `rank` sends on in a step: 0 .. P-2 are the reduce-scatter, P-1 .. 2P-3 the allgather. The
/// one it receives is previous(rank)'s, and is what it sends on in the step after.
constexpr int chunk(int rank, int step, int ranks) {
  return (rank - step % ranks + ranks) % ranks;
}

}  // namespace pliant::ring

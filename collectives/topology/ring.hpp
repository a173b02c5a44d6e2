// Ring neighbours, and the chunk that a rank sends in each step. Pure rank arithmetic.
#pragma once

namespace pliant::ring {

constexpr int next(int rank, int ranks) {
  return (rank + 1) % ranks;
}
constexpr int previous(int rank, int ranks) {
  return (rank + ranks - 1) % ranks;
}

/// The chunk that `rank` sends in a step: 0 .. P-2 are the reduce-scatter, P-1 .. 2P-3 the allgather. It
/// receives previous(rank)'s chunk, and sends that in the next step.
constexpr int chunk(int rank, int step, int ranks) {
  return (rank - step % ranks + ranks) % ranks;
}

}  // namespace pliant::ring

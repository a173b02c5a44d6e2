// Rounds of a reduce-scatter and an allgather over any number of ranks. There are ceil(log2 P) of them, in
// which a rank sends P - 1 chunks in all. Pure rank arithmetic.
//
// A rank r counts chunks from its own: offset o is chunk (r + o) mod P. Before a round it still sums the
// offsets 0 .. held-1. With half = ceil(held / 2), it gives offsets half .. held-1 to rank r + half. There
// they are offsets 0 .. held-half-1. It takes the corresponding ones from rank r - half.
//   P = 5:  held 5, half 3: offsets 3 4 go to rank r+3     held 3, half 2: 2 goes to r+2     held 2, half 1
// The allgather runs the same rounds backwards. For P = 2^m, these are the rounds of recursive halving and
// doubling. Source: Traeff, "Optimal, non-pipelined reduce-scatter and allreduce algorithms", arXiv
// 2410.14234, 2024.
#pragma once

#include <array>

namespace pliant::circulant {

struct Round {
  int held = 0;  ///< chunks a rank sums before the round
  int half = 0;  ///< and after the round; also the distance to its partners
};

inline constexpr int kMaxRounds = 32;

struct Rounds {
  std::array<Round, kMaxRounds> rounds{};
  int count = 0;
};

/// The rounds of the reduce-scatter, in order.
constexpr Rounds rounds_of(int ranks) {
  Rounds all;
  for (int held = ranks; held > 1; held = (held + 1) / 2)
    all.rounds[static_cast<std::size_t>(all.count++)] = {held, (held + 1) / 2};
  return all;
}

}  // namespace pliant::circulant

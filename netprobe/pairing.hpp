// Pairs of ranks, round by round: a round-robin tournament by the circle method.
//   P = 4, rank 3 in the middle of a circle of 3:    round 0: 0-3 1-2    round 1: 2-3 0-1    round 2: 1-3 0-2
//
// Every pair comes once in P - 1 rounds (even P) or P rounds (odd P: the middle is empty, its partner rests).
// Source: Kirkman, Cambridge and Dublin Mathematical Journal 2, 1847.
#pragma once

#include <algorithm>

namespace pliant {

inline constexpr int kNoPartner = -1;
/// Rounds measured at most: every pair of up to 8 ranks, 7 or 8 links of each rank beyond. More would cost
/// time in proportion to P, and hardly change the agreed model, which is made of medians over each rank's
/// links.
inline constexpr int kMaxMeasuredRounds = 8;

/// Rounds in which each pair of `ranks` meets exactly once.
constexpr int tournament_rounds(int ranks) {
  if (ranks < 2) return 0;
  return ranks % 2 == 0 ? ranks - 1 : ranks;
}

/// Partner of `rank` in `round`, or kNoPartner. `round` in [0, tournament_rounds(ranks)).
constexpr int partner_in_round(int ranks, int round, int rank) {
  const int circle = tournament_rounds(ranks);  // odd; ranks on the circle meet when they sum to `round`
  const int middle = circle;
  const int alone =
      static_cast<int>(static_cast<long long>(round) * ((circle + 1) / 2) % circle);  // round / 2
  const bool middle_is_a_rank = middle < ranks;
  if (rank == middle) return alone;
  if (rank == alone) return middle_is_a_rank ? middle : kNoPartner;
  return (round - rank + circle) % circle;
}

/// How many of the tournament's rounds are measured.
constexpr int measured_rounds(int ranks) {
  return std::min(tournament_rounds(ranks), kMaxMeasuredRounds);
}

/// The tournament round of measured round `index`: spread evenly, so that near and far ranks both meet.
constexpr int measured_round(int ranks, int index) {
  const long long all = tournament_rounds(ranks);
  return static_cast<int>(index * all / measured_rounds(ranks));
}

}  // namespace pliant

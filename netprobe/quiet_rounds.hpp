// Rounds of measurements whose pairs do not disturb each other. Ranks of one host share its link and its
// memory, so at any time a host takes part in one pair at most. Pure; the same on all ranks.
//   2 hosts of 2 ranks, 0 1 | 2 3, rounds:   0-3   0-1 2-3   1-2   0-2   1-3
#pragma once

#include <vector>

#include "mpi/host_layout.hpp"

namespace pliant {

struct RankPair {
  int rank = 0;  ///< always below peer
  int peer = 0;

  friend bool operator==(const RankPair&, const RankPair&) = default;
};

/// As many rounds as all pairs of 8 ranks of one host take.
inline constexpr int kMostQuietRounds = 28;

/// Rounds of pairs, no two of a round with a host in common. The pairs are those of the measured tournament
/// rounds (pairing.hpp): every pair of up to 8 ranks, some of each rank beyond. Pairs that do not fit into
/// kMostQuietRounds are left out. Pairs between hosts go first; those within hosts fill what is free. If
/// there are pairs of both kinds, both are measured.
std::vector<std::vector<RankPair>> quiet_rounds(const HostLayout& hosts);

/// Pairs of one kind that talk all at once: as many as find a partner, each rank in one of them.
std::vector<RankPair> crowd_of(const HostLayout& hosts, bool same_host);

/// Partner of `rank` in these pairs, or kNoPartner.
int partner_among(const std::vector<RankPair>& pairs, int rank);

}  // namespace pliant

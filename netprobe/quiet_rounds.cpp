#include "netprobe/quiet_rounds.hpp"

#include <algorithm>
#include <cstddef>

#include "netprobe/pairing.hpp"

namespace pliant {
namespace {

bool share_host(const HostLayout& hosts, const RankPair& pair) {
  return hosts.host_of(pair.rank) == hosts.host_of(pair.peer);
}

/// The pairs of the measured tournament rounds, in that order.
std::vector<RankPair> candidates(int ranks) {
  std::vector<RankPair> pairs;
  for (int i = 0; i < measured_rounds(ranks); ++i) {
    for (int rank = 0; rank < ranks; ++rank) {
      const int peer = partner_in_round(ranks, measured_round(ranks, i), rank);
      if (peer > rank) pairs.push_back({rank, peer});
    }
  }
  return pairs;
}

/// Moves those of `waiting` into `round` whose hosts are still free, and marks these.
void take(std::vector<RankPair>& waiting, std::vector<RankPair>& round, std::vector<bool>& busy,
          const HostLayout& hosts) {
  std::erase_if(waiting, [&](const RankPair& pair) {
    const auto here = static_cast<std::size_t>(hosts.host_of(pair.rank));
    const auto there = static_cast<std::size_t>(hosts.host_of(pair.peer));
    if (busy[here] || busy[there]) return false;
    busy[here] = busy[there] = true;
    round.push_back(pair);
    return true;
  });
}

}  // namespace

std::vector<std::vector<RankPair>> quiet_rounds(const HostLayout& hosts) {
  std::vector<RankPair> between = candidates(hosts.ranks());
  const auto inner = std::stable_partition(between.begin(), between.end(),
                                           [&](const RankPair& pair) { return !share_host(hosts, pair); });
  std::vector<RankPair> within(inner, between.end());
  between.erase(inner, between.end());
  // If pairs between hosts keep all of a few hosts busy, pairs within hosts would never have their turn.
  constexpr std::size_t kOneInside = 4;
  std::vector<std::vector<RankPair>> rounds;
  while (rounds.size() < kMostQuietRounds && !(between.empty() && within.empty())) {
    std::vector<RankPair> round;
    std::vector<bool> busy(static_cast<std::size_t>(hosts.hosts()));
    const bool inside_first = rounds.size() % kOneInside == 1;
    take(inside_first ? within : between, round, busy, hosts);
    take(inside_first ? between : within, round, busy, hosts);
    rounds.push_back(std::move(round));
  }
  return rounds;
}

std::vector<RankPair> crowd_of(const HostLayout& hosts, bool same_host) {
  std::vector<RankPair> pairs;
  std::vector<int> by_host;
  for (int host = 0; host < hosts.hosts(); ++host) {
    const auto members = hosts.members(host);
    by_host.insert(by_host.end(), members.begin(), members.end());
    for (std::size_t i = 0; same_host && i + 1 < members.size(); i += 2)
      pairs.push_back({std::min(members[i], members[i + 1]), std::max(members[i], members[i + 1])});
  }
  // The partner is half of all ranks away. That is another host, unless one has more than half of them.
  const std::size_t half = by_host.size() / 2;
  for (std::size_t i = 0; !same_host && i < half; ++i) {
    const RankPair pair{std::min(by_host[i], by_host[i + half]), std::max(by_host[i], by_host[i + half])};
    if (!share_host(hosts, pair)) pairs.push_back(pair);
  }
  return pairs;
}

int partner_among(const std::vector<RankPair>& pairs, int rank) {
  for (const RankPair& pair : pairs) {
    if (pair.rank == rank) return pair.peer;
    if (pair.peer == rank) return pair.rank;
  }
  return kNoPartner;
}

}  // namespace pliant

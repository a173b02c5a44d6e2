// Groups ranks by host, and orders them by cache within a host. Pure arithmetic, without MPI.
#pragma once

#include <span>
#include <vector>

#include "mpi/locality.hpp"

namespace pliant {

/// Hosts are numbered in the order of their lowest ranks, which lead them. Within a host, ranks are grouped
/// by package and then by cache. Both kinds of group are in the order of their lowest ranks. So neighbours
/// share as much as possible, and the lowest rank comes first. Equal on all ranks.
class HostLayout {
 public:
  /// marks: [ranks], any numbers, equal for two ranks if and only if they share a host.
  /// localities: [ranks], compared within a host only; empty: no rank is bound.
  explicit HostLayout(std::span<const int> marks, std::span<const Locality> localities = {});

  int ranks() const { return static_cast<int>(host_of_.size()); }
  int hosts() const { return static_cast<int>(members_.size()); }
  int host_of(int rank) const { return host_of_[static_cast<std::size_t>(rank)]; }
  /// Ranks of a host, in the order above. The first one leads.
  std::span<const int> members(int host) const { return members_[static_cast<std::size_t>(host)]; }
  int leader(int host) const { return members(host).front(); }
  int most_on_host() const;
  /// Returns whether every host has only one rank.
  bool flat() const { return hosts() == ranks(); }

 private:
  std::vector<int> host_of_;
  std::vector<std::vector<int>> members_;
};

}  // namespace pliant

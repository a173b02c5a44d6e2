// Which ranks share a host, and which of those a cache: arithmetic, without MPI.
#pragma once

#include <span>
#include <vector>

#include "mpi/locality.hpp"

namespace pliant {

/// Hosts are numbered in the order of their lowest ranks, which lead them. The ranks of a host stand cache by
/// cache, those of a package together; caches and packages come in the order of their lowest ranks, too. So
/// neighbours share what can be shared, and the lowest rank is the first. Ranks behind one cache are a
/// domain; those that are bound to no single one are one together. Equal on all ranks.
class HostLayout {
 public:
  /// marks: [ranks], any numbers, equal for two ranks if and only if they share a host.
  /// localities: [ranks], compared within a host only; empty: all are anywhere.
  explicit HostLayout(std::span<const int> marks, std::span<const Locality> localities = {});

  int ranks() const { return static_cast<int>(host_of_.size()); }
  int hosts() const { return static_cast<int>(members_.size()); }
  int host_of(int rank) const { return host_of_[static_cast<std::size_t>(rank)]; }
  /// Ranks of a host, in the order above; the first one leads.
  std::span<const int> members(int host) const { return members_[static_cast<std::size_t>(host)]; }
  int leader(int host) const { return members(host).front(); }
  /// [domains of the host + 1] places among its members where a domain begins; the last is their number.
  std::span<const int> domains(int host) const { return domains_[static_cast<std::size_t>(host)]; }
  int most_on_host() const;
  /// Domains of the host that has the most.
  int most_domains() const;
  /// Does no host have more than one rank?
  bool flat() const { return hosts() == ranks(); }

 private:
  std::vector<int> host_of_;
  std::vector<std::vector<int>> members_;
  std::vector<std::vector<int>> domains_;
};

}  // namespace pliant

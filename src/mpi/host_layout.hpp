// Which ranks share a host: arithmetic, without MPI.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

namespace pliant {

/// Hosts are numbered in the order of their lowest ranks, which lead them. Equal on all ranks.
class HostLayout {
 public:
  /// marks: [ranks], any numbers, equal for two ranks if and only if they share a host.
  explicit HostLayout(std::span<const int> marks);

  int ranks() const { return static_cast<int>(host_of_.size()); }
  int hosts() const { return static_cast<int>(members_.size()); }
  int host_of(int rank) const { return host_of_[static_cast<std::size_t>(rank)]; }
  /// Ranks of a host, ascending; the first one leads.
  std::span<const int> members(int host) const { return members_[static_cast<std::size_t>(host)]; }
  int leader(int host) const { return members(host).front(); }
  int most_on_host() const;
  /// Does no host have more than one rank?
  bool flat() const { return hosts() == ranks(); }

 private:
  std::vector<int> host_of_;
  std::vector<std::vector<int>> members_;
};

}  // namespace pliant

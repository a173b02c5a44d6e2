// The ranks on each host. A launcher that places them elsewhere, or hosts that share memory, would measure
// this machine instead of the links.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <vector>

#include "apps/netlab/host.hpp"

namespace pliant::netlab {

class Roster {
 public:
  Roster(const std::vector<Host>& hosts, int ranks_per_host);

  /// Counts a rank that starts as a process of the lab. Throws Error(argument) if it is on no host, shares
  /// memory with other hosts, or exceeds its host's number of ranks.
  void add(pid_t process);
  /// [host] ranks counted so far.
  const std::vector<int>& ranks() const { return ranks_; }

 private:
  /// Inodes of a host's namespaces.
  struct Place {
    ino_t network;
    ino_t ipc;
  };

  std::vector<Place> places_;
  std::vector<int> ranks_;
  int ranks_per_host_;
};

/// Names hosts with fewer than `ranks_per_host` ranks, after all have started. Empty if there are none.
std::string missing_ranks(std::span<const int> ranks, int ranks_per_host);

}  // namespace pliant::netlab

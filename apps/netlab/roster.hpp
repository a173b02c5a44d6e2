// Which ranks are on which host. A launcher that puts them elsewhere, or a host that shares its memory, would
// measure this machine instead of the links.
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

  /// A rank begins, as a process of the lab. Throws Error(argument) if it is on no host, shares memory with
  /// other hosts, or is one more than its host is to hold.
  void add(pid_t process);
  /// Of each host.
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

/// What is wrong once all ranks have begun: hosts that hold fewer than `ranks_per_host`. Empty: nothing.
std::string missing_ranks(std::span<const int> ranks, int ranks_per_host);

}  // namespace pliant::netlab

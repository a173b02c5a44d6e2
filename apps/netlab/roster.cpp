#include "apps/netlab/roster.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "apps/netlab/settings.hpp"
#include "core/error.hpp"

namespace pliant::netlab {
namespace {

constexpr const char* kRemedy =
    "Open MPI's and MPICH's mpirun find the lab's hosts in their environment: unset host lists of your own, "
    "choose the "
    "program's own launcher with --launcher, or start the program yourself with --launcher none";

ino_t inode_of(const Descriptor& file) {
  struct stat status {};
  check_system(fstat(file.get(), &status), "looking up a host's namespace");
  return status.st_ino;
}

ino_t inode_of(pid_t process, const std::string& kind) {
  struct stat status {};
  check_system(stat(("/proc/" + std::to_string(process) + "/ns/" + kind).c_str(), &status),
               "looking up a rank's namespace");
  return status.st_ino;
}

std::string held(int host, int ranks) {
  return host_name(host) + " holds " + std::to_string(ranks) + (ranks == 1 ? " rank" : " ranks");
}

Error misplaced(const std::string& problem, const std::string& rule) {
  return Error(ErrorClass::argument, problem, rule, kRemedy);
}

}  // namespace

Roster::Roster(const std::vector<Host>& hosts, int ranks_per_host)
    : ranks_(hosts.size()), ranks_per_host_(ranks_per_host) {
  for (const Host& host : hosts)
    places_.push_back({inode_of(host.namespaces().network), inode_of(host.namespaces().ipc)});
}

void Roster::add(pid_t process) {
  const auto place = std::ranges::find(places_, inode_of(process, "net"), &Place::network);
  if (place == places_.end())
    throw misplaced("a rank began on none of the lab's hosts", "what it sends goes over no link");
  const auto host = static_cast<std::size_t>(place - places_.begin());
  const std::string name = host_name(static_cast<int>(host));
  if (inode_of(process, "ipc") != place->ipc)
    throw misplaced("a rank on " + name + " has another host's shared memory",
                    "ranks of two hosts have links between them alone");
  if (ranks_[host] == ranks_per_host_)
    throw misplaced(held(static_cast<int>(host), ranks_[host] + 1),
                    "each of the " + std::to_string(places_.size()) + " hosts is to hold --ppn " +
                        std::to_string(ranks_per_host_));
  ++ranks_[host];
}

std::string missing_ranks(std::span<const int> ranks, int ranks_per_host) {
  for (std::size_t host = 0; host < ranks.size(); ++host)
    if (ranks[host] < ranks_per_host)
      return misplaced(held(static_cast<int>(host), ranks[host]),
                       "each of the " + std::to_string(ranks.size()) + " hosts is to hold --ppn " +
                           std::to_string(ranks_per_host))
          .what();
  return {};
}

}  // namespace pliant::netlab

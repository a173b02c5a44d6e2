// Layouts of ranks on hosts and caches, for simulation by ranks of a single host.
#pragma once

#include <string>
#include <vector>

#include "mpi/host_group.hpp"

namespace pliant::test {

struct NamedLayout {
  std::string name;
  std::vector<int> marks;  ///< as HostGroup takes them
  std::vector<Locality> localities = {};
};

/// The layouts are: one host; two uneven hosts with alternating ranks and two caches each. Hosts of three and
/// a remainder; one rank per host. One host with two sockets and several caches, where one rank is not bound.
inline std::vector<NamedLayout> host_layouts(int ranks) {
  std::vector<NamedLayout> layouts = {{"one host", {}},
                                      {"two hosts with caches", {}},
                                      {"hosts of three", {}},
                                      {"flat", {}},
                                      {"one host with sockets", {}}};
  for (int rank = 0; rank < ranks; ++rank) {
    layouts[0].marks.push_back(0);
    layouts[1].marks.push_back(rank % 3 == 1 ? 0 : 1);
    layouts[1].localities.push_back({0, rank / 3 % 2});
    layouts[2].marks.push_back(rank / 3);
    layouts[3].marks.push_back(rank);
    layouts[4].marks.push_back(0);
    layouts[4].localities.push_back(rank % 3 == 1 ? Locality{1, 2} : Locality{0, rank / 3 > 0 ? 1 : 0});
  }
  if (ranks > 4) layouts[4].localities[4] = {};
  return layouts;
}

}  // namespace pliant::test

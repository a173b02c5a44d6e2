// Layouts of ranks on hosts, to be played by ranks that are all on one.
#pragma once

#include <string>
#include <vector>

namespace pliant::test {

struct NamedLayout {
  std::string name;
  std::vector<int> marks;  ///< as HostGroup takes them
};

/// All on one host; two uneven hosts whose ranks alternate; hosts of three and a rest; one rank a host.
inline std::vector<NamedLayout> host_layouts(int ranks) {
  std::vector<NamedLayout> layouts = {
      {"one host", {}}, {"two hosts", {}}, {"hosts of three", {}}, {"flat", {}}};
  for (int rank = 0; rank < ranks; ++rank) {
    layouts[0].marks.push_back(0);
    layouts[1].marks.push_back(rank % 3 == 1 ? 0 : 1);
    layouts[2].marks.push_back(rank / 3);
    layouts[3].marks.push_back(rank);
  }
  return layouts;
}

}  // namespace pliant::test

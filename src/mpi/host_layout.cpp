#include "mpi/host_layout.hpp"

#include <map>

namespace pliant {

HostLayout::HostLayout(std::span<const int> marks) {
  std::map<int, int> host_of_mark;
  for (int rank = 0; rank < static_cast<int>(marks.size()); ++rank) {
    const auto [entry, is_new] = host_of_mark.try_emplace(marks[static_cast<std::size_t>(rank)], hosts());
    if (is_new) members_.emplace_back();
    host_of_.push_back(entry->second);
    members_[static_cast<std::size_t>(entry->second)].push_back(rank);
  }
}

int HostLayout::most_on_host() const {
  std::size_t most = 0;
  for (const std::vector<int>& members : members_) most = std::max(most, members.size());
  return static_cast<int>(most);
}

}  // namespace pliant

#include "mpi/host_layout.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace pliant {
namespace {

class Neighbours {
 public:
  /// members: the ranks of a host, ascending.
  Neighbours(std::span<const int> members, std::span<const Locality> localities) : localities_(localities) {
    for (const int rank : members) {
      lowest_in_package_.try_emplace(package(rank), rank);
      lowest_at_cache_.try_emplace(cache(rank), rank);
    }
  }

  /// Sorts ranks so that those that share most are adjacent.
  std::tuple<int, int, int> order(int rank) const {
    return {lowest_in_package_.at(package(rank)), lowest_at_cache_.at(cache(rank)), rank};
  }

 private:
  Locality locality(int rank) const {
    return localities_.empty() ? Locality{} : localities_[static_cast<std::size_t>(rank)];
  }
  int package(int rank) const { return locality(rank).package; }
  std::pair<int, int> cache(int rank) const { return {locality(rank).package, locality(rank).cache}; }

  std::span<const Locality> localities_;
  std::map<int, int> lowest_in_package_;
  std::map<std::pair<int, int>, int> lowest_at_cache_;
};

void arrange(std::vector<int>& members, std::span<const Locality> localities) {
  const Neighbours neighbours(members, localities);
  std::sort(members.begin(), members.end(),
            [&](int a, int b) { return neighbours.order(a) < neighbours.order(b); });
}

}  // namespace

HostLayout::HostLayout(std::span<const int> marks, std::span<const Locality> localities) {
  std::map<int, int> host_of_mark;
  for (int rank = 0; rank < static_cast<int>(marks.size()); ++rank) {
    const auto [entry, is_new] = host_of_mark.try_emplace(marks[static_cast<std::size_t>(rank)], hosts());
    if (is_new) members_.emplace_back();
    host_of_.push_back(entry->second);
    members_[static_cast<std::size_t>(entry->second)].push_back(rank);
  }
  for (std::vector<int>& members : members_) arrange(members, localities);
}

int HostLayout::most_on_host() const {
  std::size_t most = 0;
  for (const auto& members : members_) most = std::max(most, members.size());
  return static_cast<int>(most);
}

}  // namespace pliant

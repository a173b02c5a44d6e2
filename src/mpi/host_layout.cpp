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
      lowest_in_domain_.try_emplace(domain(rank), rank);
    }
  }

  /// Sorts ranks so that those that share most are adjacent.
  std::tuple<int, int, int> order(int rank) const {
    return {lowest_in_package_.at(package(rank)), lowest_in_domain_.at(domain(rank)), rank};
  }
  int lowest_in_domain(int rank) const { return lowest_in_domain_.at(domain(rank)); }

 private:
  Locality locality(int rank) const {
    return localities_.empty() ? Locality{} : localities_[static_cast<std::size_t>(rank)];
  }
  int package(int rank) const { return locality(rank).package; }
  std::pair<int, int> domain(int rank) const { return {locality(rank).package, locality(rank).cache}; }

  std::span<const Locality> localities_;
  std::map<int, int> lowest_in_package_;
  std::map<std::pair<int, int>, int> lowest_in_domain_;
};

/// Sorts `members`; returns where domains begin.
std::vector<int> arrange(std::vector<int>& members, std::span<const Locality> localities) {
  const Neighbours neighbours(members, localities);
  std::sort(members.begin(), members.end(),
            [&](int a, int b) { return neighbours.order(a) < neighbours.order(b); });
  std::vector<int> begins;
  for (std::size_t i = 0; i < members.size(); ++i)
    if (neighbours.lowest_in_domain(members[i]) == members[i]) begins.push_back(static_cast<int>(i));
  begins.push_back(static_cast<int>(members.size()));
  return begins;
}

template <class Lists>
int longest(const Lists& lists) {
  std::size_t most = 0;
  for (const auto& list : lists) most = std::max(most, list.size());
  return static_cast<int>(most);
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
  for (std::vector<int>& members : members_) domains_.push_back(arrange(members, localities));
}

int HostLayout::most_on_host() const {
  return longest(members_);
}

int HostLayout::most_domains() const {
  return longest(domains_) - 1;
}

}  // namespace pliant

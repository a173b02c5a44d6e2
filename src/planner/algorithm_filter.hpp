// Which algorithms the setting `pliant_algorithm` allows.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "collectives/registry.hpp"

namespace pliant {

/// `pliant_algorithm`, parsed. `auto` allows all, names allow only these, ^names allow all but these. Commas
/// separate.
class AlgorithmFilter {
 public:
  /// Allows every algorithm.
  AlgorithmFilter();
  /// Throws Error(info_value) that lists the valid names.
  explicit AlgorithmFilter(std::string_view text);

  bool allows(const AllreduceAlgorithm& algorithm) const;
  /// `place`: index in kAlgorithms. Algorithms that equal another one on this topology have to be named.
  bool allows(std::size_t place, const Topology& topology) const {
    if (named_[place] || !allowed_[place]) return allowed_[place];
    const auto stands_out = kAlgorithms[place]->stands_out;
    return stands_out == nullptr || stands_out(topology);
  }
  /// True if it allows an exact algorithm whose operations may overtake one another.
  bool allows_resumable() const;
  /// True if it allows an algorithm that uses the shared memory of hosts.
  bool allows_two_levels() const;
  /// True if it allows any exact (or: lossy) algorithm.
  bool allows_any(bool exact) const;
  /// Are lossy algorithms of several selection rules allowed?
  bool allows_several_rules() const;
  /// The filter for a call that must be exact: this one, or one that allows everything if this one allows
  /// only lossy algorithms.
  AlgorithmFilter for_exact_call() const;

  friend bool operator==(const AlgorithmFilter&, const AlgorithmFilter&) = default;

 private:
  std::array<bool, kAlgorithms.size()> allowed_{};
  std::array<bool, kAlgorithms.size()> named_{};
};

}  // namespace pliant

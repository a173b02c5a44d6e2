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
  /// `place`: index in kAlgorithms.
  bool allows(std::size_t place) const { return allowed_[place]; }
  /// True if it allows an exact algorithm whose operations may overtake one another.
  bool allows_resumable() const;
  /// True if it allows an algorithm that uses the shared memory of hosts.
  bool allows_two_levels() const;
  /// True if it allows any exact (or: lossy) algorithm.
  bool allows_any(bool exact) const;
  /// This filter for calls of such a shape. If none of the lossy algorithms that it names can do them (the names
  /// are of two levels, and every host has one rank), a filter that allows everything.
  const AlgorithmFilter& for_lossy_call(const AllreduceShape& shape) const;
  /// Are lossy algorithms of several selection rules allowed?
  bool allows_several_rules() const;
  /// The filter for a call that must be exact: this one, or one that allows everything if this one allows
  /// only lossy algorithms.
  AlgorithmFilter for_exact_call() const;

  friend bool operator==(const AlgorithmFilter&, const AlgorithmFilter&) = default;

 private:
  std::array<bool, kAlgorithms.size()> allowed_{};
};

}  // namespace pliant

// The ranks of one training run, and how they refuse together: apps::Refused is thrown by all of them alike,
// rank 0 prints it and all leave.
#pragma once

#include <mpi.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace pliant::train {

/// `<problem> (<rule>). <what to do>`
std::string refusal_text(std::string_view problem, std::string_view rule, std::string_view action);

struct World {
  int rank = 0;
  int ranks = 1;

  /// MPI_COMM_WORLD; from here on its errors are returned, not fatal. Call after MPI_Init.
  static World join();

  bool is_root() const { return rank == 0; }
  /// Collective. Throws apps::Refused with the text of the lowest rank that gave one; an empty text is
  /// consent.
  void refuse_together(const std::string& text) const;
  /// Collective. Sums [count] values over all ranks, in place.
  void sum(double* values, int count) const;
  /// Collective. Largest value over all ranks, element by element, in place.
  void largest(double* values, int count) const;
  /// Collective. Whether all ranks hold the same value.
  bool same(std::uint64_t value) const;
};

/// For calls that can fail on one rank alone: throws std::runtime_error, which ends the run. Calls that are
/// refused on all ranks alike go through apps::check.
void check_alone(int code);

}  // namespace pliant::train

// The ranks of a training run, and their common refusals: all of them throw apps::Refused, rank 0 prints it,
// and all ranks exit.
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

  /// Joins MPI_COMM_WORLD and makes its errors return codes. Call after MPI_Init.
  static World join();

  bool is_root() const { return rank == 0; }
  /// Collective. Throws apps::Refused with the text of the lowest rank that has one. An empty text means
  /// consent.
  void refuse_together(const std::string& text) const;
  /// Collective. Sums [count] values over all ranks, in place.
  void sum(double* values, int count) const;
  /// Collective. Element-wise maximum over all ranks, in place.
  void largest(double* values, int count) const;
  /// Collective. Whether all ranks hold the same value.
  bool same(std::uint64_t value) const;
};

/// For calls that can fail on one rank alone: throws std::runtime_error, which ends the run. For calls that
/// all ranks refuse together, use apps::check.
void check_alone(int code);

}  // namespace pliant::train

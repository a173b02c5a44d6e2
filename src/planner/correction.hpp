// Learned correction factors for each algorithm's formula. Pure: learned from agreed numbers, so equal on all
// ranks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "collectives/registry.hpp"

namespace pliant {

/// Factor on a formula's prediction.
struct Correction {
  double factor = 1;
  double variance = 0;  ///< of its logarithm
};

/// Measured / predicted of each algorithm, for each class of lengths (lengths double from class to class).
///
/// Each cell is a Kalman filter of one number, the logarithm of the factor. With age it fades towards the
/// mean of the other algorithms, whose standard error is kUnseen. A cell without runs uses the nearest length
/// of the same algorithm, with less weight the farther away it is.
///
/// That mean includes all other algorithms of this length except MPI's own, exact or lossy as this one is. It
/// is shrunk by the part that formulas with independent errors would show. The rest is common to them: slow
/// memory or a busy processor usually delays every algorithm.
class Corrections {
 public:
  static constexpr double kMost = 8;      ///< no factor is beyond this or its inverse
  static constexpr double kUnseen = 0.3;  ///< standard error of log(measured / formula) of what never ran
  static constexpr std::size_t kClasses = 48;

  /// Class of the bytes of a rank's vector; for lossy algorithms, of the kept elements and their indices.
  static std::size_t class_of(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape);

  /// `algorithm`: its place in kAlgorithms.
  Correction of(std::size_t algorithm, const AllreduceShape& shape) const;

  /// Learns from one run. `log_ratio`: logarithm of measured / corrected prediction. `variance`: of
  /// log_ratio, without the correction's own. Returns true if the factor changed by more than a per cent.
  bool learn(std::size_t algorithm, const AllreduceShape& shape, double log_ratio, double variance);

  /// One cell, as a state file keeps it.
  struct Cell {
    float log_factor = 0;
    float variance = -1;  ///< negative: nothing was learned
    std::int64_t learned_at = 0;
    friend bool operator==(const Cell&, const Cell&) = default;
  };
  using Cells = std::array<std::array<Cell, kClasses>, kAlgorithms.size()>;
  const Cells& cells() const { return cells_; }
  std::int64_t learned() const { return learned_; }
  /// Returns false and changes nothing if cells() and learned() cannot have given these values.
  bool restore(const Cells& cells, std::int64_t learned);
  /// Adds uncertainty after a pause: every formula may have drifted by `error` (standard error of its
  /// logarithm). Changes no factor.
  void unsettle(double error);

 private:
  Correction at(std::size_t algorithm, std::size_t size_class) const;
  double log_of_others(std::size_t algorithm, std::size_t size_class) const;
  /// The cell learned last of the two classes at this distance; null: neither was learned.
  const Cell* nearest(std::size_t algorithm, std::size_t size_class, int distance) const;
  /// Share of a cell that its age has left.
  double believed(const Cell& cell) const;

  Cells cells_{};
  std::int64_t learned_ = 0;
};

}  // namespace pliant

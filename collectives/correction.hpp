// How wrong each algorithm's formula has been so far. Pure: what is learned from agreed numbers is the same
// on all ranks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "collectives/registry.hpp"

namespace pliant {

/// By what a formula is multiplied.
struct Correction {
  double factor = 1;
  double variance = 0;  ///< of its logarithm
};

/// Measured / predicted of each algorithm, for each class of lengths (twice as long is the next class).
///
/// In each place a Kalman filter of one number, the logarithm: what was learned a while ago fades towards
/// what others have taught, whose error is kUnseen; where nothing was learned, the nearest length of the same
/// algorithm speaks, more faintly with distance. Others: the mean of the logarithms of all other algorithms
/// but MPI's own of this length, exact or lossy as this one is, less what formulas that are wrong each in its
/// own way would give. What makes one take longer than its formula, memory or a busy processor, often makes
/// all.
class Corrections {
 public:
  static constexpr double kMost = 8;      ///< no factor is beyond this or its inverse
  static constexpr double kUnseen = 0.3;  ///< standard error of log(measured / formula) of what never ran
  static constexpr std::size_t kClasses = 48;

  /// Of the bytes a rank's vector has, or those of the elements kept.
  static std::size_t class_of(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape);

  /// `algorithm`: its place in kAlgorithms.
  Correction of(std::size_t algorithm, const AllreduceShape& shape) const;

  /// One run: log_ratio of measured over corrected prediction, known up to `variance`, the correction's own
  /// not included. Returns true if that changed the factor by more than a per cent.
  bool learn(std::size_t algorithm, const AllreduceShape& shape, double log_ratio, double variance);

  /// What a state file keeps of one place.
  struct Cell {
    float log_factor = 0;
    float variance = -1;  ///< negative: nothing was learned
    std::int64_t learned_at = 0;
    friend bool operator==(const Cell&, const Cell&) = default;
  };
  using Cells = std::array<std::array<Cell, kClasses>, kAlgorithms.size()>;
  const Cells& cells() const { return cells_; }
  std::int64_t learned() const { return learned_; }
  /// False, and nothing done, unless they are some that cells() and learned() can give.
  bool restore(const Cells& cells, std::int64_t learned);
  /// Nobody has looked for a while: every formula may have become wronger by so much (standard error of its
  /// logarithm). Changes no factor.
  void unsettle(double error);

 private:
  Correction at(std::size_t algorithm, std::size_t size_class) const;
  double log_of_others(std::size_t algorithm, std::size_t size_class) const;
  /// Of the two classes so far away the one learned last; null: neither was.
  const Cell* nearest(std::size_t algorithm, std::size_t size_class, int distance) const;
  /// Share of a cell that age has left.
  double believed(const Cell& cell) const;

  Cells cells_{};
  std::int64_t learned_ = 0;
};

}  // namespace pliant

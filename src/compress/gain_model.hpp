// gain(k) of a tensor in few numbers, so that ranks can agree on it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/gain_curve.hpp"

namespace pliant {

/// The gain at densities that are a constant ratio apart, and a line in k between them. As gain is concave in
/// k (each further element holds no more than the one before), lines lie below it, by a few per cent of
/// 1 - gain at most; and whatever is concave and rises on every rank, so is and does its minimum over ranks.
class GainModel {
 public:
  /// Eight a decade, from kLeastPoint to 1.
  static constexpr std::size_t kPoints = 33;

  /// Nothing known: no gain before everything is sent.
  GainModel() = default;
  /// What one rank's curve says of `count` elements.
  GainModel(const GainCurve& curve, std::int64_t count);
  /// From the gains at all points, of which anything may be said: they are made to lie in [0, 1] and to rise.
  GainModel(const std::array<double, kPoints>& gains, std::int64_t count);

  /// Elements at a point; ascending, the last is all. Points of short tensors can be the same.
  std::int64_t kept(std::size_t point) const { return kept_[point]; }
  const std::array<double, kPoints>& gains() const { return gain_; }

  /// In [0, 1]; 0 for nothing, 1 for everything.
  double at(std::int64_t kept) const;
  /// The least k in [1, count] with at(k) >= gain.
  std::int64_t least_kept(double gain) const;

  friend bool operator==(const GainModel&, const GainModel&) = default;

 private:
  void place(std::int64_t count);

  std::array<std::int64_t, kPoints> kept_{};
  std::array<double, kPoints> gain_{};
};

}  // namespace pliant

// gain(k) of a tensor as a few numbers, so that ranks can agree on it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/gain_curve.hpp"

namespace pliant {

/// Holds the gain at densities a constant ratio apart, and interpolates linearly in k. Gain is concave in k,
/// because each further element holds no more than the one before. So the lines lie below the true gain, by
/// at most a few per cent of 1 - gain. The minimum over ranks of concave, rising gains is concave and rising,
/// too.
class GainModel {
 public:
  /// Eight points per decade, from kLeastPoint to 1.
  static constexpr std::size_t kPoints = 33;

  /// Without information: the gain is 0 unless everything is sent.
  GainModel() = default;
  /// The gains of `count` elements, from one rank's curve.
  GainModel(const GainCurve& curve, std::int64_t count);
  /// From any values for the gains at all points: they are clamped to [0, 1] and made to rise.
  GainModel(const std::array<double, kPoints>& gains, std::int64_t count);

  /// Elements kept at a point. Ascending; the last point keeps all. Points of short tensors may coincide.
  std::int64_t kept(std::size_t point) const { return kept_[point]; }
  const std::array<double, kPoints>& gains() const { return gain_; }

  /// Gain of `kept` elements, in [0, 1]: 0 for none, 1 for all.
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

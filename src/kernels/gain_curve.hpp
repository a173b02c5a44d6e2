// gain(k) for every k at once: how much of a vector's energy its k largest elements hold.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/magnitude.hpp"

namespace pliant {

/// A histogram of magnitudes, eight buckets an octave. A bucket's edges bound the squares of its elements, so
/// gain(k) is bounded from both sides; at() lies between and is nearly exact for smooth distributions.
class GainCurve {
 public:
  /// Buckets an octave: 2^kMantissaBits.
  static constexpr int kMantissaBits = 3;

  struct Bucket {
    double edge = 0;         ///< least magnitude in it
    double next_edge = 0;    ///< least magnitude above it
    std::int64_t count = 0;  ///< elements in it
  };
  struct Bounds {
    double low = 0;
    double high = 0;
  };

  /// Buckets with elements, of falling magnitude. Elements that are not finite stand in the first bucket with
  /// edge = next_edge = infinity, and count as no energy.
  std::vector<Bucket> buckets;
  double total_squared = 0;  ///< of the finite elements

  /// ||k largest||^2 / ||all||^2, in [0, 1]; k is cut to [0, count]. 1 where there is no energy.
  double at(std::int64_t k) const;
  Bounds bounds(std::int64_t k) const;

  /// visit(bucket, n) for the buckets of the k largest, n of whose elements are among them, largest first.
  template <class Visit>
  void for_largest(std::int64_t k, Visit&& visit) const {
    for (const Bucket& bucket : buckets) {
      if (k <= 0) return;
      visit(bucket, k < bucket.count ? k : bucket.count);
      k -= bucket.count;
    }
  }
};

/// Mean square of a bucket whose elements are spread evenly between its edges. [squared value]
double mean_square(const GainCurve::Bucket& bucket);

/// Magnitudes fall into bucket (bits >> kBucketShift).
template <class T>
inline constexpr int kBucketShift = Magnitude<T>::kExponentShift - GainCurve::kMantissaBits;
template <class T>
inline constexpr std::int64_t kBuckets = (std::int64_t{kMostMagnitude<T>} >> kBucketShift<T>)+1;

/// Adds `count` magnitudes to histogram[kBuckets<T>].
template <class T>
void count_magnitudes(const T* values, std::int64_t count, std::uint32_t* histogram);

/// From histograms [any number][kBuckets<T>], which are added, and the squared norm of all elements.
/// Allocates only where `curve` has never had so many buckets.
template <class T>
void fill_gain_curve(std::span<const std::uint32_t> histograms, double total_squared, GainCurve& curve);

}  // namespace pliant

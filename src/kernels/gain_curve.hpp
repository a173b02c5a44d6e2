// gain(k) for all k at once: the share of a vector's energy in its k largest elements.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/magnitude.hpp"

namespace pliant {

/// A histogram of magnitudes, with eight buckets per octave. A bucket's edges bound the squares of its
/// elements, so gain(k) is bounded from both sides. at() lies between the bounds, and is nearly exact for
/// smooth distributions.
class GainCurve {
 public:
  /// Buckets per octave: 2^kMantissaBits.
  static constexpr int kMantissaBits = 3;

  struct Bucket {
    double edge = 0;         ///< least magnitude in the bucket
    double next_edge = 0;    ///< least magnitude above the bucket
    std::int64_t count = 0;  ///< elements in the bucket
  };
  struct Bounds {
    double low = 0;
    double high = 0;
  };

  /// Buckets with elements, largest magnitudes first. Non-finite elements are in the first bucket, with edge
  /// = next_edge = infinity, and contribute no energy.
  std::vector<Bucket> buckets;
  double total_squared = 0;  ///< squared norm of the finite elements

  /// |k largest||^2 / ||all||^2, in [0, 1]; 1 if there is no energy. k is clamped to [0, count].
  double at(std::int64_t k) const;
  Bounds bounds(std::int64_t k) const;

  /// Calls visit(bucket, n) for the buckets of the k largest elements, largest first. n of the bucket's
  /// elements are among the k.
  template <class Visit>
  void for_largest(std::int64_t k, Visit&& visit) const {
    for (const Bucket& bucket : buckets) {
      if (k <= 0) return;
      visit(bucket, k < bucket.count ? k : bucket.count);
      k -= bucket.count;
    }
  }
};

/// Mean square [squared value] of a bucket whose elements are uniform between its edges.
double mean_square(const GainCurve::Bucket& bucket);

/// The bucket of a magnitude is (bits >> kBucketShift).
template <class T>
inline constexpr int kBucketShift = Magnitude<T>::kExponentShift - GainCurve::kMantissaBits;
template <class T>
inline constexpr std::int64_t kBuckets = (std::int64_t{kMostMagnitude<T>} >> kBucketShift<T>)+1;

/// Counts `count` magnitudes into histogram[kBuckets<T>], which keeps its earlier counts.
template <class T>
void count_magnitudes(const T* values, std::int64_t count, std::uint32_t* histogram);

/// Fills a curve from the sum of histograms [any number][kBuckets<T>], and from the squared norm of all
/// elements. Allocates only if `curve` has never had so many buckets.
template <class T>
void fill_gain_curve(std::span<const std::uint32_t> histograms, double total_squared, GainCurve& curve);

}  // namespace pliant

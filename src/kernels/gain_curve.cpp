#include "kernels/gain_curve.hpp"

#include <algorithm>
#include <cmath>

namespace pliant {
namespace {

using Bucket = GainCurve::Bucket;

/// Energy of the k largest elements, if each element of a bucket has `square(bucket)`. The histogram cannot
/// tell elements of one bucket apart.
template <class Square>
double energy(const GainCurve& curve, std::int64_t k, Square&& square) {
  double sum = 0;
  curve.for_largest(k, [&](const Bucket& bucket, std::int64_t n) {
    if (std::isfinite(bucket.edge)) sum += static_cast<double>(n) * square(bucket);
  });
  return sum;
}

std::int64_t elements(const std::vector<Bucket>& buckets) {
  std::int64_t count = 0;
  for (const Bucket& bucket : buckets) count += bucket.count;
  return count;
}

}  // namespace

double mean_square(const Bucket& bucket) {
  const double a = bucket.edge;
  const double b = bucket.next_edge;
  return (a * a + a * b + b * b) / 3;
}

double GainCurve::at(std::int64_t k) const {
  const double all = energy(*this, elements(buckets), mean_square);
  if (!(all > 0)) return 1;
  const Bounds limits = bounds(k);
  return std::clamp(energy(*this, k, mean_square) / all, limits.low, limits.high);
}

GainCurve::Bounds GainCurve::bounds(std::int64_t k) const {
  const auto least = [](const Bucket& bucket) { return bucket.edge * bucket.edge; };
  const auto most = [](const Bucket& bucket) { return bucket.next_edge * bucket.next_edge; };
  const std::int64_t all = elements(buckets);
  const double chosen_least = energy(*this, k, least);
  const double chosen_most = energy(*this, k, most);
  const double others_least = energy(*this, all, least) - chosen_least;
  const double others_most = energy(*this, all, most) - chosen_most;
  if (!(total_squared > 0)) return {1, 1};
  // The gain is lowest if the k elements hold as little, and the others as much, as their buckets allow. It
  // is highest in the opposite case.
  const double rounding = 1e-12;  // rounding error of the sums
  Bounds limits;
  limits.high = chosen_most > 0 ? chosen_most / (chosen_most + others_least) : 0;
  limits.low = chosen_least > 0 ? chosen_least / (chosen_least + others_most) : 0;
  limits.high = std::clamp(limits.high + rounding, 0.0, 1.0);
  limits.low = std::clamp(limits.low - rounding, 0.0, limits.high);
  return limits;
}

template <class T>
void count_magnitudes(const T* values, std::int64_t count, std::uint32_t* histogram) {
  for (std::int64_t i = 0; i < count; ++i) ++histogram[magnitude(values[i]) >> kBucketShift<T>];
}

template <class T>
void fill_gain_curve(std::span<const std::uint32_t> histograms, double total_squared, GainCurve& curve) {
  const auto edge = [](std::int64_t bucket) {
    const auto bits = static_cast<MagnitudeBits<T>>(bucket << kBucketShift<T>);
    return static_cast<double>(std::bit_cast<T>(bits));
  };
  constexpr std::int64_t kInfinite = std::int64_t{Magnitude<T>::kInfinity} >> kBucketShift<T>;
  const double infinity = std::numeric_limits<double>::infinity();
  curve.buckets.clear();
  curve.buckets.reserve(kBuckets<T>);
  Bucket beyond{infinity, infinity, 0};
  for (std::int64_t b = kBuckets<T> - 1; b >= 0; --b) {
    std::int64_t count = 0;
    for (std::size_t at = static_cast<std::size_t>(b); at < histograms.size(); at += kBuckets<T>)
      count += histograms[at];
    if (b >= kInfinite) {
      beyond.count += count;
      if (b == kInfinite && beyond.count > 0) curve.buckets.push_back(beyond);
    } else if (count > 0) {
      curve.buckets.push_back({edge(b), b + 1 == kInfinite ? edge(b) * 1.125 : edge(b + 1), count});
    }
  }
  curve.total_squared = total_squared;
  if (!std::isfinite(total_squared))
    curve.total_squared = energy(curve, elements(curve.buckets), mean_square);
}

template void count_magnitudes<float>(const float*, std::int64_t, std::uint32_t*);
template void count_magnitudes<double>(const double*, std::int64_t, std::uint32_t*);
template void fill_gain_curve<float>(std::span<const std::uint32_t>, double, GainCurve&);
template void fill_gain_curve<double>(std::span<const std::uint32_t>, double, GainCurve&);

}  // namespace pliant

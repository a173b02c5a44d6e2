// Order statistics of small samples.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace pliant {

/// The q-quantile (q in [0, 1]), interpolated linearly between neighbours (type 7 of Hyndman and Fan, 1996).
/// NaN for an empty sample.
double quantile(std::vector<double> sample, double q);

double median(std::vector<double> sample);

/// The median; of two middle values the smaller one, so that the result is a number of the sample and the
/// less delayed of two times. Reorders the sample, which must not be empty. Allocates nothing.
template <class Value>
Value lower_median(std::span<Value> sample) {
  const auto middle = sample.begin() + static_cast<std::ptrdiff_t>((sample.size() - 1) / 2);
  std::nth_element(sample.begin(), middle, sample.end());
  return *middle;
}

}  // namespace pliant

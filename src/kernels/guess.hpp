// Estimates the k-th magnitude from a sample.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/magnitude.hpp"

namespace pliant {

/// Magnitudes low <= zero <= high. With continuous data, the k-th magnitude is in (low, high] and near
/// `zero`, except for one sample in some hundreds. Any answer is safe (streaming_topk.hpp).
template <class T>
struct Guess {
  MagnitudeBits<T> low = 0;   ///< candidates have magnitudes >= low
  MagnitudeBits<T> zero = 0;  ///< magnitudes >= zero are taken at once
  MagnitudeBits<T> high = 0;  ///< magnitudes > high are certainly picked
};

/// `margin` is the distance of low and high from zero, in standard deviations. The sample is 16 neighbours in
/// each of up to 4096 strata of equal length, so that layers of different scale are weighted correctly. Short
/// vectors have fewer strata, and very short ones are read whole. Correlated neighbours widen the margins.
template <class T>
Guess<T> guess_threshold(const SelectCall<T>& call, double margin, Scratch& memory);

}  // namespace pliant

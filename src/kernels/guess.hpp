// Where the k-th magnitude probably lies, from a sample.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/magnitude.hpp"

namespace pliant {

/// low <= zero <= high, in magnitudes. With continuous data the k-th magnitude lies in (low, high] but
/// for one sample in some hundreds, and near `zero`; any answer is safe (streaming_topk.hpp).
template <class T>
struct Guess {
  MagnitudeBits<T> low = 0;   ///< candidates: magnitudes >= low
  MagnitudeBits<T> zero = 0;  ///< taken at once: magnitudes >= zero
  MagnitudeBits<T> high = 0;  ///< surely picked: magnitudes > high
};

/// `margin`: standard deviations between zero and the other two. Looks at 16 neighbours in each of up to 4096
/// strata of equal length (fewer for short vectors, everything for very short ones), so that layers of
/// different scale weigh what they should; neighbours' likeness widens the margins.
template <class T>
Guess<T> guess_threshold(const SelectCall<T>& call, double margin, Room& memory);

}  // namespace pliant

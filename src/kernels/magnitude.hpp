// x| as an integer: the order of all selections.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace pliant {

/// A magnitude's bits with the sign cleared, as a signed integer. It is never negative, so "greater than b -
/// 1" means "at least b" for every b without overflow.
template <class T>
struct Magnitude;

template <>
struct Magnitude<float> {
  using Bits = std::int32_t;
  static constexpr Bits kInfinity = 0x7f800000;
  static constexpr int kExponentShift = 23;
};

template <>
struct Magnitude<double> {
  using Bits = std::int64_t;
  static constexpr Bits kInfinity = 0x7ff0000000000000;
  static constexpr int kExponentShift = 52;
};

template <class T>
using MagnitudeBits = typename Magnitude<T>::Bits;

/// Greater than every magnitude except the largest NaN's, so "> kMostMagnitude" is never true.
template <class T>
inline constexpr MagnitudeBits<T> kMostMagnitude = std::numeric_limits<MagnitudeBits<T>>::max();

template <class T>
MagnitudeBits<T> magnitude(T value) {
  return std::bit_cast<MagnitudeBits<T>>(value) & kMostMagnitude<T>;
}

}  // namespace pliant

// Named inputs of selections: those of support/float_inputs.hpp, and the ones that streaming is most likely
// to get wrong.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tests/support/float_inputs.hpp"

namespace pliant::test {

template <class T>
struct Input {
  std::string_view name;
  T (*at)(std::size_t i, std::size_t count, std::mt19937& random);
};

template <class T>
using UnsignedBits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

template <class T>
T any_bits(std::mt19937& random) {
  const std::uint64_t high = random();
  return std::bit_cast<T>(static_cast<UnsignedBits<T>>(high << 32 | random()));
}

template <class T>
T sign(std::mt19937& random) {
  return random() % 2 == 0 ? T(1) : T(-1);
}

/// A number in (-1, 1) that uses all of T's bits.
template <class T>
T even(std::mt19937& random) {
  return std::uniform_real_distribution<T>(-1, 1)(random);
}

/// A NaN of any sign and payload, signalling or quiet.
template <class T>
T any_nan(std::mt19937& random) {
  constexpr auto kInfinity = std::bit_cast<UnsignedBits<T>>(std::numeric_limits<T>::infinity());
  auto nan = static_cast<UnsignedBits<T>>(std::bit_cast<UnsignedBits<T>>(any_bits<T>(random)) | kInfinity);
  if (std::isfinite(std::bit_cast<T>(nan)) || std::isinf(std::bit_cast<T>(nan))) ++nan;
  return std::bit_cast<T>(nan);
}

/// A share of `above` in a thousand above the plateau, `wide` on it, the others below.
template <class T>
T plateau(std::mt19937& random, unsigned above, unsigned wide) {
  const unsigned die = static_cast<unsigned>(random() % 1000);
  if (die < above) return T(2) + even<T>(random);
  return die < above + wide ? T(0.75) * sign<T>(random) : T(0.5) * even<T>(random);
}

template <class T>
inline constexpr Input<T> kStreamInputs[] = {
    {"normal",
     [](std::size_t, std::size_t, std::mt19937& random) { return std::normal_distribution<T>()(random); }},
    {"heavy tail",
     [](std::size_t, std::size_t, std::mt19937& random) {
       const T even_one = even<T>(random);
       return T(1e-3) / (even_one * even_one * even_one);
     }},
    {"any bits", [](std::size_t, std::size_t, std::mt19937& random) { return any_bits<T>(random); }},
    {"any NaN", [](std::size_t, std::size_t, std::mt19937& random) { return any_nan<T>(random); }},
    {"NaN of all ones, 1 in 20",
     [](std::size_t, std::size_t, std::mt19937& random) {
       const auto ones = static_cast<UnsignedBits<T>>(~UnsignedBits<T>{0});
       return random() % 20 == 0 ? std::bit_cast<T>(ones) : even<T>(random);
     }},
    {"some NaN and infinities",
     [](std::size_t, std::size_t, std::mt19937& random) {
       const auto die = random() % 200;
       if (die == 0) return any_nan<T>(random);
       return die == 1 ? sign<T>(random) * std::numeric_limits<T>::infinity() : even<T>(random);
     }},
    {"denormals of both signs",
     [](std::size_t, std::size_t, std::mt19937& random) {
       constexpr UnsignedBits<T> kMantissa = (UnsignedBits<T>{1} << (std::numeric_limits<T>::digits - 1)) - 1;
       const auto mantissa = std::bit_cast<UnsignedBits<T>>(any_bits<T>(random)) & kMantissa;
       return std::bit_cast<T>(static_cast<UnsignedBits<T>>(mantissa)) * sign<T>(random);
     }},
    {"zeros of both signs, 1 in 100 not",
     [](std::size_t, std::size_t, std::mt19937& random) {
       return random() % 100 == 0 ? even<T>(random) : T(0) * sign<T>(random);
     }},
    {"ramp up", [](std::size_t i, std::size_t count,
                   std::mt19937&) { return (static_cast<T>(i) + 1) / static_cast<T>(count); }},
    {"ramp down",
     [](std::size_t i, std::size_t count, std::mt19937&) { return -static_cast<T>(count - i) / T(1024); }},
    {"layers",
     [](std::size_t i, std::size_t count, std::mt19937& random) {
       const auto layer = static_cast<int>(7 * i / count * 5 % 7);
       return even<T>(random) * std::pow(T(10), static_cast<T>(-layer));
     }},
    {"runs of equals", [](std::size_t i, std::size_t,
                          std::mt19937&) { return static_cast<T>(i / 64 * 2654435761U % 97) - T(48); }},
    {"plateau 0 + 400",
     [](std::size_t, std::size_t, std::mt19937& random) { return plateau<T>(random, 0, 400); }},
    {"plateau 5 + 10",
     [](std::size_t, std::size_t, std::mt19937& random) { return plateau<T>(random, 5, 10); }},
    {"plateau 50 + 300",
     [](std::size_t, std::size_t, std::mt19937& random) { return plateau<T>(random, 50, 300); }},
    {"plateau 90 + 20",
     [](std::size_t, std::size_t, std::mt19937& random) { return plateau<T>(random, 90, 20); }},
    {"plateau 300 + 700",
     [](std::size_t, std::size_t, std::mt19937& random) { return plateau<T>(random, 300, 700); }},
};

template <class T>
std::vector<T> make(const Input<T>& input, std::size_t count, std::uint32_t seed = 17) {
  std::mt19937 random(static_cast<std::uint32_t>(count) + seed);
  std::vector<T> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = input.at(i, count, random);
  return values;
}

template <class T>
struct Named {
  std::string name;
  std::vector<T> values;
};

/// Every input, with `count` elements.
template <class T>
std::vector<Named<T>> every_input(std::size_t count) {
  std::vector<Named<T>> all;
  for (const FloatInput& input : kFloatInputs) {
    const std::vector<float> floats = make(input, count);
    all.push_back({std::string(input.name), {floats.begin(), floats.end()}});
  }
  for (const Input<T>& input : kStreamInputs<T>) all.push_back({std::string(input.name), make(input, count)});
  return all;
}

}  // namespace pliant::test

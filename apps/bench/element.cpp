#include "apps/bench/element.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace pliant::bench {
namespace {

/// splitmix64's output function (Steele, Lea and Flood, OOPSLA 2014): one random word for each argument.
std::uint64_t mixed(std::uint64_t word) {
  word += 0x9e3779b97f4a7c15;
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
  word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
  return word ^ (word >> 31);
}

// The number of trailing zeros is geometric. Spread evenly over 64 steps each, it is nearly exponential.
// Integer arithmetic alone gives every host the same values.
std::int64_t gradient_like(std::uint64_t random, std::int64_t, int, int) {
  constexpr int kMostZeros = 40;
  const auto zeros = std::min(std::countr_zero(random), kMostZeros);
  const auto magnitude =
      static_cast<std::int64_t>(zeros) * 64 + static_cast<std::int64_t>((random >> 56) & 63);
  return (random >> 63) != 0 ? -magnitude : magnitude;
}

std::int64_t sign_or_two(std::uint64_t random, std::int64_t index, int rank, int ranks) {
  const std::int64_t sign = (random >> 63) != 0 ? -1 : 1;
  return index % ranks == rank ? 2 * sign : sign;
}

std::int64_t sum(std::int64_t a, std::int64_t b) {
  return a + b;
}
std::int64_t product(std::int64_t a, std::int64_t b) {
  return a * b;
}
std::int64_t minimum(std::int64_t a, std::int64_t b) {
  return std::min(a, b);
}
std::int64_t maximum(std::int64_t a, std::int64_t b) {
  return std::max(a, b);
}

std::int64_t input(const Block& block, std::int64_t index, int rank) {
  const auto stream = mixed(block.seed + static_cast<std::uint64_t>(rank));
  return block.op.input(mixed(stream ^ static_cast<std::uint64_t>(index)), index, rank, block.ranks);
}

template <class T>
void fill_input(const Block& block, int rank, std::byte* out) {
  T* const values = reinterpret_cast<T*>(out);
  for (std::int64_t i = block.first; i < block.last; ++i)
    values[i - block.first] = static_cast<T>(input(block, i, rank));
}

template <class T>
void fill_expected(const Block& block, std::byte* out) {
  T* const values = reinterpret_cast<T*>(out);
  for (std::int64_t i = block.first; i < block.last; ++i) {
    std::int64_t value = input(block, i, 0);
    for (int rank = 1; rank < block.ranks; ++rank) value = block.op.combine(value, input(block, i, rank));
    values[i - block.first] = static_cast<T>(value);
  }
}

template <class T>
Difference compare(const std::byte* result, const std::byte* expected, std::int64_t count) {
  const T* const a = reinterpret_cast<const T*>(result);
  const T* const b = reinterpret_cast<const T*>(expected);
  Difference difference;
  double error = 0;
  double norm = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const double delta = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    if (a[i] != b[i]) ++difference.wrong;
    error += delta * delta;
    norm += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  if (error != 0) difference.relative = std::sqrt(error / norm);
  return difference;
}

template <class T>
Element element(std::string_view name, MPI_Datatype mpi) {
  return {name, mpi, sizeof(T), fill_input<T>, fill_expected<T>, compare<T>};
}

}  // namespace

std::span<const Element> elements() {
  static const std::array kElements = {
      element<float>("float", MPI_FLOAT), element<double>("double", MPI_DOUBLE),
      element<std::int32_t>("int32", MPI_INT32_T), element<std::int64_t>("int64", MPI_INT64_T)};
  return kElements;
}

std::span<const Operation> operations() {
  static const std::array kOperations = {
      Operation{"sum", MPI_SUM, gradient_like, sum}, Operation{"prod", MPI_PROD, sign_or_two, product},
      Operation{"min", MPI_MIN, gradient_like, minimum}, Operation{"max", MPI_MAX, gradient_like, maximum}};
  return kOperations;
}

}  // namespace pliant::bench

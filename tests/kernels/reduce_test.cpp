// Reductions of every type and operation, against std::min, std::max and wide integers.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <type_traits>

#include "tests/kernels/tables.hpp"
#include "tests/kernels/unaligned.hpp"
#include "tests/support/bits.hpp"
#include "tests/support/float_inputs.hpp"

namespace pliant {
namespace {

/// The value modulo 2^bits, as two's complement has it.
template <class T>
T wrap(__int128 value) {
  return static_cast<T>(static_cast<std::make_unsigned_t<T>>(value));
}

template <class T>
T expected(ReduceOp op, T a, T b) {
  switch (op) {
    case ReduceOp::min:
      return std::min(a, b);
    case ReduceOp::max:
      return std::max(a, b);
    case ReduceOp::sum:
      if constexpr (std::is_integral_v<T>)
        return wrap<T>(static_cast<__int128>(a) + b);
      else
        return a + b;
    case ReduceOp::prod:
      if constexpr (std::is_integral_v<T>)
        return wrap<T>(static_cast<__int128>(a) * b);
      else
        return a * b;
  }
  return T();
}

template <class T>
std::vector<T> numbers(std::size_t count, std::uint32_t seed) {
  std::mt19937_64 random(seed);
  std::vector<T> values(count);
  for (T& value : values) {
    if constexpr (std::is_integral_v<T>) {
      value = static_cast<T>(random() >> (random() % 48));
      if (random() % 9 == 0)
        value = random() % 2 == 0 ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max();
    } else {
      value = static_cast<T>(std::normal_distribution<double>(0, 1e3)(random));
      constexpr T kSpecial[] = {T(0), T(-0.0), std::numeric_limits<T>::infinity()};
      if (random() % 3 == 0) value = kSpecial[random() % 3];
    }
  }
  return values;
}

template <class T>
void expect_reduction(const Kernels& kernels, ElementType type) {
  for (const ReduceOp op : {ReduceOp::sum, ReduceOp::min, ReduceOp::max, ReduceOp::prod}) {
    for (const std::size_t count : test::kCounts) {
      const std::vector<T> into = numbers<T>(count, 1);
      const std::vector<T> from = numbers<T>(count, 2);
      std::vector<T> answer(count);
      for (std::size_t i = 0; i < count; ++i) answer[i] = expected(op, into[i], from[i]);
      for (const std::size_t offset : {0, 1, 3}) {
        test::Unaligned<T> a(into, offset);
        test::Unaligned<T> b(from, offset + 1);
        kernels.reduction(type, op)(a.data(), b.data(), static_cast<std::int64_t>(count));
        EXPECT_EQ(test::first_difference(a.copy(), answer), -1)
            << "op " << static_cast<int>(op) << ", count " << count << ", offset " << offset;
        EXPECT_EQ(test::first_difference(b.copy(), from), -1);
      }
    }
  }
}

class Reduce : public test::KernelTest {};

TEST_P(Reduce, Float) {
  expect_reduction<float>(kernels(), ElementType::float32);
}
TEST_P(Reduce, Double) {
  expect_reduction<double>(kernels(), ElementType::float64);
}
TEST_P(Reduce, Int32Wraps) {
  expect_reduction<std::int32_t>(kernels(), ElementType::int32);
}
TEST_P(Reduce, Int64Wraps) {
  expect_reduction<std::int64_t>(kernels(), ElementType::int64);
}

INSTANTIATE_TEST_SUITE_P(Kernels, Reduce, test::every_table(), test::table_name);

}  // namespace
}  // namespace pliant

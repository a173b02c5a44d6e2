// accumulate, squared_norm and scatter_add.
#include <gtest/gtest.h>

#include <limits>

#include "tests/kernels/tables.hpp"
#include "tests/support/bits.hpp"
#include "tests/support/float_inputs.hpp"

namespace pliant {
namespace {

class Vector : public test::KernelTest {};

/// The sum of squares in order of index, in double precision: the definition.
double squared_norm(const std::vector<float>& values) {
  double total = 0;
  for (const double value : values) total += value * value;
  return total;
}

TEST_P(Vector, AccumulatesAndReturnsTheSquaredNormOfTheSum) {
  for (const test::FloatInput& input : test::kFloatInputs) {
    for (const std::size_t count : test::kCounts) {
      const std::vector<float> gradient = test::make(input, count);
      const std::vector<float> before = test::make(test::kFloatInputs[0], count);
      std::vector<float> expected(count);
      for (std::size_t i = 0; i < count; ++i) expected[i] = before[i] + gradient[i];
      test::Unaligned<float> residual(before, 1);
      const double norm =
          kernels().accumulate(residual.data(), gradient.data(), static_cast<std::int64_t>(count));
      EXPECT_EQ(test::first_difference(residual.copy(), expected), -1) << input.name << ", n = " << count;
      if (input.name != "non-finite") {
        EXPECT_EQ(norm, squared_norm(expected)) << input.name << ", n = " << count;
      }
    }
  }
}

TEST_P(Vector, SquaredNormDoesNotOverflowFloat) {
  const std::vector<float> large(1000, 1e30F);
  const double square = static_cast<double>(1e30F) * static_cast<double>(1e30F);
  EXPECT_NEAR(kernels().squared_norm(large.data(), 1000) / (1000 * square), 1, 1e-12);
  EXPECT_EQ(kernels().squared_norm(large.data(), 0), 0);
  for (const std::size_t count : test::kCounts) {
    const std::vector<float> values = test::make(test::kFloatInputs[0], count);
    EXPECT_EQ(kernels().squared_norm(values.data(), static_cast<std::int64_t>(count)), squared_norm(values));
  }
}

TEST_P(Vector, ScatterAddsWhereIndicesSay) {
  std::vector<float> into = {1, 2, 3, 4, 5};
  const std::vector<std::uint32_t> indices = {0, 3, 4};
  const std::vector<float> values = {10, -4, 0.5F};
  kernels().scatter_add(into.data(), indices.data(), values.data(), 3);
  kernels().scatter_add(into.data(), indices.data(), values.data(), 1);
  kernels().scatter_add(into.data(), nullptr, nullptr, 0);
  EXPECT_EQ(into, (std::vector<float>{21, 2, 3, 0, 5.5F}));
}

INSTANTIATE_TEST_SUITE_P(Kernels, Vector, test::every_table(), test::table_name);

}  // namespace
}  // namespace pliant

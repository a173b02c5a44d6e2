// Guesses of the k-th magnitude: always in order, and nearly always on both sides of it.
#include "kernels/guess.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/kernels/inputs.hpp"
#include "tests/kernels/sampled.hpp"
#include "tests/kernels/selection.hpp"

namespace pliant {
namespace {

template <class T>
Guess<T> guess(const test::Problem<T>& problem, std::int64_t kept, double margin, Scratch& memory) {
  std::vector<T> residual = problem.residual;
  const SelectCall<T> call{.residual = residual.data(),
                           .gradient = problem.gradient.empty() ? nullptr : problem.gradient.data(),
                           .count = static_cast<std::int64_t>(residual.size()),
                           .kept = kept};
  const Guess<T> found = guess_threshold(call, margin, memory);
  EXPECT_EQ(test::first_difference(residual, problem.residual), -1);
  return found;
}

template <class T>
MagnitudeBits<T> kth(std::vector<T> values, std::int64_t kept) {
  std::vector<MagnitudeBits<T>> bits;
  for (const T value : values) bits.push_back(magnitude(value));
  std::nth_element(bits.begin(), bits.begin() + (kept - 1), bits.end(), std::greater<>());
  return bits[static_cast<std::size_t>(kept - 1)];
}

template <class T>
void expect_order() {
  Scratch memory;
  for (const std::size_t count : {1, 15, 16, 17, 31, 100, 1023, 1024, 1025, 16'384, 40'000})
    for (const test::Named<T>& input : test::every_input<T>(count))
      for (const std::size_t kept : {std::size_t{1}, count / 100, count / 2, count})
        for (const double margin : {0.0, 3.0, 32.0}) {
          if (kept == 0) continue;
          const Guess<T> found =
              guess(test::Problem<T>{input.values, {}}, static_cast<std::int64_t>(kept), margin, memory);
          EXPECT_TRUE(0 <= found.low && found.low <= found.zero && found.zero <= found.high)
              << input.name << ", n = " << count << ", k = " << kept << ": " << found.low << ' ' << found.zero
              << ' ' << found.high;
        }
}

TEST(Guess, IsAlwaysInOrder) {
  expect_order<float>();
  expect_order<double>();
}

/// Up to 1024 elements, all whole strata of 16 are read. From longer vectors the guess reads as many elements
/// as pay off, at most a quarter.
TEST(Guess, LooksAtSomeElementsOfAllParts) {
  for (const std::int64_t count : {16, 33, 1000, 1024, 1025, 5000, 16'384, 100'000, 3'000'000}) {
    const std::vector<bool> sampled = test::sampled_positions(count, count / 2);
    const auto read = std::count(sampled.begin(), sampled.end(), true);
    if (count <= 1024) {
      EXPECT_EQ(read, count / 16 * 16) << count;
    } else {
      EXPECT_GE(read, std::min<std::int64_t>(count / 4 - 16, 4096)) << count;
      EXPECT_LE(read, std::min<std::int64_t>(count / 4, 65'536)) << count;
    }
    const auto quarter = static_cast<std::ptrdiff_t>(count / 4);
    for (std::ptrdiff_t begin = 0; begin + quarter <= count; begin += quarter) {
      const auto part = std::count(sampled.begin() + begin, sampled.begin() + begin + quarter, true);
      EXPECT_NEAR(static_cast<double>(part), static_cast<double>(read) / 4, 32) << count << " from " << begin;
    }
  }
}

/// The number of seeds, of 300, whose k-th magnitude lies in [low, high].
template <class T>
int caught(std::size_t count, std::int64_t kept, bool feed) {
  Scratch memory;
  int inside = 0;
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const test::Input<T>& normal = test::kStreamInputs<T>[0];
    const std::vector<T> values = test::make(normal, count, seed);
    const test::Problem<T> problem = feed ? test::halves(values) : test::Problem<T>{values, {}};
    const Guess<T> found = guess(problem, kept, 3, memory);
    const MagnitudeBits<T> bits = kth(problem.fed(), kept);
    inside += found.low <= bits && bits <= found.high ? 1 : 0;
  }
  return inside;
}

TEST(Guess, CatchesTheKthOfContinuousInputs) {
  ASSERT_EQ(test::kStreamInputs<float>[0].name, "normal");
  EXPECT_GE(caught<float>(20'000, 200, /*feed=*/false), 285);
  EXPECT_GE(caught<float>(20'000, 10'000, /*feed=*/true), 285);
  EXPECT_GE(caught<double>(30'000, 3'000, /*feed=*/true), 285);
}

/// The band must also be narrow to be useful: a few standard deviations of the sample.
TEST(Guess, IsNotMuchWiderThanItsMargin) {
  constexpr std::int64_t kCount = 1'000'000;
  constexpr std::int64_t kKept = 10'000;
  const std::vector<float> values = test::make(test::kStreamInputs<float>[0], kCount);
  Scratch memory;
  const Guess<float> found = guess(test::Problem<float>{values, {}}, kKept, 3, memory);
  const auto at_least = [&](MagnitudeBits<float> bits) {
    return std::count_if(values.begin(), values.end(), [&](float value) { return magnitude(value) >= bits; });
  };
  // Of 4304 samples, 43 are picked: sqrt(43) is 15 % of them, and 3 sqrt(43) + 8 is 65 %.
  EXPECT_NEAR(static_cast<double>(at_least(found.zero)), kKept, 0.45 * kKept);
  EXPECT_LT(at_least(found.low), 2.2 * kKept);
  EXPECT_GT(at_least(found.high), 0.1 * kKept);
}

}  // namespace
}  // namespace pliant

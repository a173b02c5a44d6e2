// accumulate, drain, squared_norm, take and scatter_add.
#include <gtest/gtest.h>

#include <numeric>

#include "tests/kernels/inputs.hpp"
#include "tests/kernels/selection.hpp"
#include "tests/kernels/tables.hpp"

namespace pliant {
namespace {

/// Around vectors, steps and blocks, with more blocks than a team has members.
const std::vector<std::size_t> kVectorCounts =
    test::with_blocks({0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 65, 1000, 10 * kSquaresBlock + 1});

class Vector : public test::KernelTest {
 protected:
  /// Calls work(problem, name of the input) for each input and count.
  template <class Work>
  static void for_each_problem(Work&& work) {
    for (const std::size_t count : kVectorCounts) {
      const std::vector<float> before = test::make(test::kFloatInputs[0], count);
      for (const test::Named<float>& input : test::every_input<float>(count))
        work(test::Problem<float>{before, input.values},
             input.name + ", n = " + std::to_string(input.values.size()));
    }
  }

  test::Workspaces workspaces_;
};

TEST_P(Vector, AccumulatesAndReturnsTheSquaredNormOfTheSum) {
  for_each_problem([&](const test::Problem<float>& problem, const std::string& name) {
    const std::vector<float> fed = problem.fed();
    const auto count = static_cast<std::int64_t>(fed.size());
    test::Unaligned<float> residual(problem.residual, 1);
    test::Unaligned<float> gradient(problem.gradient, 2);
    const double norm = kernels().accumulate(residual.data(), gradient.data(), count, workspaces_.next());
    EXPECT_EQ(test::first_difference(residual.copy(), fed), -1) << name;
    EXPECT_EQ(test::first_difference(gradient.copy(), problem.gradient), -1) << name;
    EXPECT_TRUE(test::same_number(norm, test::squares(std::span(fed)))) << name << ": " << norm;
    EXPECT_TRUE(residual.surroundings_are_whole()) << name;
  });
}

TEST_P(Vector, DrainsIntoAResultOrTheGradientItself) {
  for_each_problem([&](const test::Problem<float>& problem, const std::string& name) {
    const std::vector<float> fed = problem.fed();
    const auto count = static_cast<std::int64_t>(fed.size());
    for (const bool in_place : {false, true}) {
      test::Unaligned<float> residual(problem.residual, 3);
      test::Unaligned<float> gradient(problem.gradient, 1);
      test::Unaligned<float> other(std::vector<float>(fed.size(), 5), 2);
      test::Unaligned<float>& result = in_place ? gradient : other;
      const double norm =
          kernels().drain(result.data(), gradient.data(), residual.data(), count, workspaces_.next());
      EXPECT_EQ(test::first_difference(result.copy(), fed), -1) << name;
      EXPECT_EQ(test::first_difference(residual.copy(), std::vector<float>(fed.size(), 0.0F)), -1) << name;
      EXPECT_TRUE(test::same_number(norm, test::squares(std::span(fed)))) << name << ": " << norm;
      EXPECT_TRUE(residual.surroundings_are_whole() && result.surroundings_are_whole()) << name;
    }
  });
}

TEST_P(Vector, SquaredNormHasOneOrder) {
  for_each_problem([&](const test::Problem<float>& problem, const std::string& name) {
    test::Unaligned<float> values(problem.gradient, 1);
    const auto count = static_cast<std::int64_t>(problem.gradient.size());
    EXPECT_TRUE(test::same_number(kernels().squared_norm(values.data(), count),
                                  test::squares(std::span<const float>(problem.gradient))))
        << name;
  });
}

TEST_P(Vector, SquaredNormOfNothingIsPositiveZero) {
  EXPECT_EQ(test::bits(kernels().squared_norm(nullptr, 0)), test::bits(0.0));
  EXPECT_EQ(kernels().accumulate(nullptr, nullptr, 0, workspaces_.next()), 0);
  EXPECT_EQ(kernels().drain(nullptr, nullptr, nullptr, 0, workspaces_.next()), 0);
}

TEST_P(Vector, SquaredNormDoesNotOverflowFloat) {
  const std::vector<float> large(1000, 1e30F);
  const double square = static_cast<double>(1e30F) * static_cast<double>(1e30F);
  EXPECT_NEAR(kernels().squared_norm(large.data(), 1000) / (1000 * square), 1, 1e-12);
}

TEST_P(Vector, SentAndResidualAreTheInputBitForBit) {
  for_each_problem([&](const test::Problem<float>& problem, const std::string& name) {
    const std::vector<float>& values = problem.gradient;
    const auto kept = static_cast<std::int64_t>(values.size() / 3);
    const test::Answer<float> right = test::right_answer(values, kept, /*take=*/true);
    test::Unaligned<float> residual(values, 1);
    test::Unaligned<float> sent(std::vector<float>(right.values.size(), 5), 3);
    const Selection selection = kernels().take(residual.data(), right.indices.data(), kept, sent.data());
    EXPECT_EQ(test::first_difference(sent.copy(), right.values), -1) << name;
    EXPECT_EQ(test::first_difference(residual.copy(), right.residual), -1) << name;
    EXPECT_TRUE(test::same_number(selection.sent_squared, right.selection.sent_squared)) << name;
    EXPECT_EQ(selection.nonfinite, right.selection.nonfinite) << name;
    EXPECT_TRUE(sent.surroundings_are_whole()) << name;
  });
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

/// Kernels prefetch, but may not read beyond the lists for that.
TEST_P(Vector, TakesAndScattersListsOfEveryLength) {
  for (std::size_t kept = 0; kept <= 100; ++kept) {
    std::vector<float> into(1000);
    std::iota(into.begin(), into.end(), 1.0F);
    const std::vector<float> before = into;
    std::vector<std::uint32_t> indices;  // of their own length, so that a sanitizer sees what is read
    for (std::size_t j = 0; j < kept; ++j) indices.push_back(static_cast<std::uint32_t>(j * 9 + j % 7));
    std::vector<float> values(kept);
    const auto count = static_cast<std::int64_t>(kept);
    kernels().take(into.data(), indices.data(), count, values.data());
    for (std::size_t j = 0; j < kept; ++j) EXPECT_EQ(values[j], before[indices[j]]);
    EXPECT_EQ(std::count(into.begin(), into.end(), 0.0F), count);
    kernels().scatter_add(into.data(), indices.data(), values.data(), count);
    EXPECT_EQ(into, before) << "k = " << kept;
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, Vector, test::every_table(), test::table_name);

}  // namespace
}  // namespace pliant

// Exact top-k with error feedback, against sorting, for every table, type and number of threads.
#include <gtest/gtest.h>

#include <set>

#include "tests/kernels/inputs.hpp"
#include "tests/kernels/selection.hpp"
#include "tests/kernels/tables.hpp"

namespace pliant {
namespace {

/// Around vector widths, steps of 16, blocks, and 1024, where the sample becomes a part of the vector.
const std::vector<std::size_t> kSelectCounts =
    test::with_blocks({0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 65, 255, 1000, 1023, 1024, 1025, 16'384});

/// Several shares of the elements, and the number of non-zero elements.
template <class T>
std::set<std::int64_t> kept_counts(const std::vector<T>& values) {
  const auto n = static_cast<std::int64_t>(values.size());
  const std::int64_t nonzeros = n - std::count(values.begin(), values.end(), T(0));
  std::set<std::int64_t> kept;
  for (const std::int64_t k : {std::int64_t{0}, std::int64_t{1}, n / 1000, n / 100, n / 10, n / 2, n - 1, n,
                               nonzeros - 1, nonzeros, nonzeros + 1})
    kept.insert(std::clamp<std::int64_t>(k, 0, n));
  return kept;
}

/// With and without a gradient, cycling through taking or leaving, threads and alignment.
template <class T>
void expect_selections(const Kernels& kernels, std::span<const std::size_t> counts,
                       test::Workspaces& workspaces) {
  std::size_t turn = 0;
  for (const std::size_t count : counts) {
    for (const test::Named<T>& input : test::every_input<T>(count)) {
      for (const std::int64_t kept : kept_counts(input.values)) {
        for (const bool feed : {false, true}) {
          const test::Manner manner{.take = turn / 2 % 2 == 0, .offset = turn % 5, .curve = nullptr};
          const test::Problem<T> problem =
              feed ? test::halves(input.values) : test::Problem<T>{input.values, {}};
          EXPECT_EQ(test::trouble_with(kernels, workspaces.next(), problem, kept, manner), "")
              << input.name << ", n = " << count << ", k = " << kept << (feed ? ", gradient" : "")
              << (manner.take ? ", take" : "") << ", offset " << manner.offset;
          ++turn;
        }
      }
    }
  }
}

class Select : public test::KernelTest {
 protected:
  test::Workspaces workspaces_;
};

TEST_P(Select, FloatsAgreeWithSorting) {
  expect_selections<float>(kernels(), kSelectCounts, workspaces_);
}
TEST_P(Select, DoublesAgreeWithSorting) {
  expect_selections<double>(kernels(), kSelectCounts, workspaces_);
}

/// Lengths at which sampling, several blocks per thread, and full lists occur.
template <class T>
void expect_large_selections(const Kernels& kernels, std::size_t count, std::vector<std::int64_t> kept_counts,
                             test::Workspaces& workspaces) {
  bool feed = false;
  for (const test::Named<T>& input : test::every_input<T>(count))
    for (const std::int64_t kept : kept_counts) {
      const test::Problem<T> problem =
          (feed = !feed) ? test::halves(input.values) : test::Problem<T>{input.values, {}};
      EXPECT_EQ(test::trouble_with(kernels, workspaces.next(), problem, kept), "")
          << input.name << ", n = " << count << ", k = " << kept << (feed ? ", gradient" : "");
    }
}

TEST_P(Select, ManyFloats) {
  expect_large_selections<float>(kernels(), 200'003, {2'000, 70'000, 200'002}, workspaces_);
}
TEST_P(Select, ManyDoubles) {
  expect_large_selections<double>(kernels(), 200'003, {2'000, 70'000, 200'002}, workspaces_);
}
TEST_P(Select, AMillionFloats) {
  for (const test::Input<float>& input : test::kStreamInputs<float>) {
    const test::Problem<float> problem = test::halves(test::make(input, (1 << 20) + 3));
    EXPECT_EQ(test::trouble_with(kernels(), workspaces_.next(), problem, 10'485), "") << input.name;
  }
}

template <class T>
void expect_same_on_all_teams(const Kernels& kernels, test::Workspaces& workspaces) {
  for (const test::Named<T>& input : test::every_input<T>(30'001)) {
    const test::Problem<T> problem = test::halves(input.values);
    for (const std::int64_t kept : {0, 501, 15'000})
      for (const bool take : {true, false}) {
        const test::Answer<T> right = test::right_answer(problem.fed(), kept, take);
        for (SelectWorkspace& workspace : workspaces.all()) {
          std::string trouble;
          const test::Manner manner{.take = take};
          const auto answer = test::table_answer(kernels, workspace, problem, kept, manner, trouble);
          EXPECT_EQ(trouble + test::difference(answer, right), "")
              << input.name << ", k = " << kept << ", members "
              << (workspace.team == nullptr ? 0 : workspace.team->members());
        }
      }
  }
}

TEST_P(Select, TheNumberOfThreadsChangesNoBit) {
  expect_same_on_all_teams<float>(kernels(), workspaces_);
  expect_same_on_all_teams<double>(kernels(), workspaces_);
}

template <class T>
void expect_order(const Kernels& kernels) {
  constexpr T kNaN = std::numeric_limits<T>::quiet_NaN();
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  constexpr T kTiny = std::numeric_limits<T>::denorm_min();
  constexpr T kLargest = std::numeric_limits<T>::max();
  struct Case {
    std::vector<T> values;
    std::vector<std::uint32_t> indices;
  };
  const std::vector<Case> cases = {
      {{1, -3, 2}, {1}},
      {{1, 1, 1, 1}, {0, 1}},
      {{-1, 1, -1, 2}, {0, 3}},
      {{T(-0.0), 0, T(-0.0)}, {0, 1}},
      {{0, kTiny, T(-0.0), -kTiny}, {1, 3}},
      {{kLargest, kInfinity, kNaN}, {2}},
      {{kLargest, -kInfinity, 5}, {1}},
      {{kInfinity, 1, -kNaN, kNaN}, {2, 3}},
      {{-kInfinity, kInfinity, kLargest}, {0}},
  };
  SelectWorkspace workspace;
  for (const Case& item : cases) {
    std::vector<T> residual = item.values;
    const auto kept = static_cast<std::int64_t>(item.indices.size());
    SelectCall<T> call{
        .residual = residual.data(), .count = static_cast<std::int64_t>(residual.size()), .kept = kept};
    test::select_function<T>(kernels)(call, workspace);
    EXPECT_EQ(std::vector<std::uint32_t>(call.indices, call.indices + kept), item.indices)
        << testing::PrintToString(item.values);
  }
}

TEST_P(Select, OrdersByMagnitudeAndTakesTheLowestIndexOnTies) {
  expect_order<float>(kernels());
  expect_order<double>(kernels());
}

/// Sums with special values that neither operand has: NaN from infinities, and zeros from cancellation.
template <class T>
void expect_sums(const Kernels& kernels, test::Workspaces& workspaces) {
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  const std::vector<T> parts = {kInfinity, -kInfinity, 0,
                                T(-0.0),   1,          -1,
                                T(1e30),   T(-1e30),   std::numeric_limits<T>::max(),
                                T(0.5),    T(-2.25),   std::numeric_limits<T>::denorm_min()};
  for (const std::size_t count : {std::size_t{37}, std::size_t{20'011}}) {
    test::Problem<T> problem;
    for (std::size_t i = 0; i < count; ++i) {
      problem.residual.push_back(parts[i % parts.size()]);
      problem.gradient.push_back(parts[i / parts.size() % parts.size()]);
    }
    const auto n = static_cast<std::int64_t>(count);
    for (const std::int64_t kept : {std::int64_t{1}, n / 10, n / 2, n})
      EXPECT_EQ(test::trouble_with(kernels, workspaces.next(), problem, kept, {.offset = 1}), "")
          << "n = " << count << ", k = " << kept;
  }
}

TEST_P(Select, SumsMayBeInfiniteOrNoNumber) {
  expect_sums<float>(kernels(), workspaces_);
  expect_sums<double>(kernels(), workspaces_);
}

INSTANTIATE_TEST_SUITE_P(Kernels, Select, test::every_table(), test::table_name);

}  // namespace
}  // namespace pliant

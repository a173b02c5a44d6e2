// Exact top-k and its companion take, against sorting.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "tests/kernels/tables.hpp"
#include "tests/support/bits.hpp"
#include "tests/support/float_inputs.hpp"
#include "tests/support/topk_oracle.hpp"

namespace pliant {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Selected {
  std::vector<std::uint32_t> indices;
  std::vector<float> values;
  Selection selection;
};

Selected select(const Kernels& kernels, const float* values, std::size_t count, std::int64_t kept,
                SelectScratch& scratch) {
  Selected out;
  out.indices.resize(static_cast<std::size_t>(kept));
  out.values.resize(static_cast<std::size_t>(kept));
  out.selection = kernels.select_topk(values, static_cast<std::int64_t>(count), kept, out.indices.data(),
                                      out.values.data(), scratch);
  return out;
}

/// What a selection of these indices must report.
Selection reported(const std::vector<float>& values, const std::vector<std::uint32_t>& indices) {
  Selection selection;
  for (const std::uint32_t index : indices) {
    const double value = values[index];
    selection.sent_squared += value * value;
    selection.nonfinite += std::isfinite(value) ? 0 : 1;
  }
  return selection;
}

void expect_same(const Selection& actual, const Selection& expected) {
  EXPECT_EQ(actual.nonfinite, expected.nonfinite);
  if (std::isnan(expected.sent_squared)) {
    EXPECT_TRUE(std::isnan(actual.sent_squared));
  } else {
    EXPECT_EQ(actual.sent_squared, expected.sent_squared);
  }
}

std::set<std::int64_t> kept_counts(std::size_t count) {
  const auto n = static_cast<std::int64_t>(count);
  std::set<std::int64_t> kept;
  for (const std::int64_t k : {std::int64_t{0}, std::int64_t{1}, n / 1000, n / 100, n / 10, n / 2, n - 1, n})
    kept.insert(std::clamp<std::int64_t>(k, 0, n));
  return kept;
}

class Select : public test::KernelTest {};

TEST_P(Select, AgreesWithSorting) {
  SelectScratch scratch;
  for (const test::FloatInput& input : test::kFloatInputs) {
    for (const std::size_t count : test::kCounts) {
      const std::vector<float> values = test::make(input, count);
      for (const std::int64_t kept : kept_counts(count)) {
        SCOPED_TRACE(std::string(input.name) + ", n = " + std::to_string(count) +
                     ", k = " + std::to_string(kept));
        const std::vector<std::uint32_t> expected = test::topk_oracle(values, kept);
        test::Unaligned<float> unaligned(values, count % 4);
        const Selected actual = select(kernels(), unaligned.data(), count, kept, scratch);
        ASSERT_EQ(actual.indices, expected);
        for (std::size_t j = 0; j < expected.size(); ++j)
          ASSERT_EQ(test::bits(actual.values[j]), test::bits(values[expected[j]])) << j;
        expect_same(actual.selection, reported(values, expected));
        ASSERT_EQ(test::first_difference(unaligned.copy(), values), -1) << "the input was changed";
      }
    }
  }
}

TEST_P(Select, AgreesWithSortingOnManyElements) {
  SelectScratch scratch;
  for (const test::FloatInput& input : test::kFloatInputs) {
    const std::vector<float> values = test::make(input, 200'003);
    for (const std::int64_t kept : {200, 20'000, 200'002})
      EXPECT_EQ(select(kernels(), values.data(), values.size(), kept, scratch).indices,
                test::topk_oracle(values, kept))
          << input.name << ", k = " << kept;
  }
}

TEST_P(Select, OrdersByMagnitudeAndTakesTheLowestIndexOnTies) {
  struct Case {
    std::vector<float> values;
    std::vector<std::uint32_t> indices;
  };
  const float tiny = std::numeric_limits<float>::denorm_min();
  const float largest = std::numeric_limits<float>::max();
  const std::vector<Case> cases = {
      {{1, -3, 2}, {1}},
      {{1, 1, 1, 1}, {0, 1}},
      {{-1, 1, -1, 2}, {0, 3}},
      {{-0.0F, 0.0F, -0.0F}, {0, 1}},
      {{0.0F, tiny, -0.0F, -tiny}, {1, 3}},
      {{largest, kInfinity, kNaN}, {2}},
      {{largest, -kInfinity, 5}, {1}},
      {{kInfinity, 1, -kNaN, kNaN}, {2, 3}},
      {{-kInfinity, kInfinity, largest}, {0}},
  };
  SelectScratch scratch;
  for (const Case& item : cases)
    EXPECT_EQ(select(kernels(), item.values.data(), item.values.size(),
                     static_cast<std::int64_t>(item.indices.size()), scratch)
                  .indices,
              item.indices)
        << testing::PrintToString(item.values);
}

TEST_P(Select, ScratchRemembersNothing) {
  SelectScratch used;
  const std::vector<float> first = test::make(test::kFloatInputs[0], 5000);
  select(kernels(), first.data(), first.size(), 50, used);
  const std::vector<float> second = test::make(test::kFloatInputs[5], 300);
  SelectScratch fresh;
  EXPECT_EQ(select(kernels(), second.data(), second.size(), 40, used).indices,
            select(kernels(), second.data(), second.size(), 40, fresh).indices);
}

TEST_P(Select, SentAndResidualAreTheInputBitForBit) {
  SelectScratch scratch;
  for (const test::FloatInput& input : test::kFloatInputs) {
    for (const std::size_t count : test::kCounts) {
      const std::vector<float> values = test::make(input, count);
      const auto kept = static_cast<std::int64_t>(count / 3);
      const std::vector<std::uint32_t> indices = test::topk_oracle(values, kept);
      test::Unaligned<float> residual(values, 1);
      std::vector<float> sent(indices.size());
      const Selection selection = kernels().take(residual.data(), indices.data(), kept, sent.data());

      std::vector<float> whole = residual.copy();
      for (std::size_t j = 0; j < indices.size(); ++j) {
        EXPECT_EQ(test::bits(whole[indices[j]]), test::bits(0.0F)) << input.name;
        whole[indices[j]] = sent[j];
      }
      EXPECT_EQ(test::first_difference(whole, values), -1) << input.name << ", n = " << count;
      expect_same(selection, reported(values, indices));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, Select, test::every_table(), test::table_name);

}  // namespace
}  // namespace pliant

// Sums of sparse vectors, against sums of the corresponding dense ones.
#include "collectives/sparse/sparse_vector.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <random>
#include <vector>

namespace pliant {
namespace {

struct Entries {
  std::vector<std::uint32_t> indices;
  std::vector<float> values;

  SparseVector view() { return {indices.data(), values.data(), static_cast<std::int64_t>(indices.size())}; }
};

Entries room_of(std::size_t entries) {
  return {std::vector<std::uint32_t>(entries), std::vector<float>(entries)};
}

/// Takes each index below `count` with probability 1 / `one_in`.
Entries random_entries(std::mt19937& random, std::uint32_t count, unsigned one_in) {
  Entries entries;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (random() % one_in != 0) continue;
    entries.indices.push_back(i);
    entries.values.push_back(static_cast<float>(static_cast<int>(random() % 9) - 4));
  }
  return entries;
}

std::map<std::uint32_t, float> as_map(const SparseVector& vector) {
  std::map<std::uint32_t, float> map;
  for (std::int64_t i = 0; i < vector.kept; ++i) map[vector.indices[i]] += vector.values[i];
  return map;
}

void expect_ascends(const SparseVector& vector) {
  for (std::int64_t i = 1; i < vector.kept; ++i) ASSERT_LT(vector.indices[i - 1], vector.indices[i]);
}

TEST(SparseVector, MergingAddsWhatBothHave) {
  std::mt19937 random(5);
  for (const unsigned of_a : {1U, 2U, 30U, 10'000U})
    for (const unsigned of_b : {1U, 3U, 200U, 10'000U}) {
      Entries a = random_entries(random, 1000, of_a);
      Entries b = random_entries(random, 1000, of_b);
      std::map<std::uint32_t, float> expected = as_map(a.view());
      for (const auto& [index, value] : as_map(b.view())) expected[index] += value;
      Entries room = room_of(expected.size());  // not one more is written: sanitizers watch
      const SparseVector sum = merge_add(a.view(), b.view(), room.view());
      expect_ascends(sum);
      EXPECT_EQ(sum.kept, static_cast<std::int64_t>(expected.size()));
      EXPECT_EQ(as_map(sum), expected);
    }
}

TEST(SparseVector, MergingKeepsSumsOfZeroAndTheLastIndex) {
  constexpr std::uint32_t kLast = std::numeric_limits<std::uint32_t>::max();
  Entries a{{0, 7, kLast}, {1, 2, 3}};
  Entries b{{7, kLast}, {-2, 4}};
  Entries room = room_of(3);
  const SparseVector sum = merge_add(a.view(), b.view(), room.view());
  EXPECT_EQ(as_map(sum), (std::map<std::uint32_t, float>{{0, 1}, {7, 0}, {kLast, 7}}));
}

TEST(SparseVector, MergingNothingCopies) {
  Entries a{{3, 5}, {1, 2}};
  Entries none;
  Entries room = room_of(2);
  EXPECT_EQ(as_map(merge_add(a.view(), none.view(), room.view())), as_map(a.view()));
  EXPECT_EQ(as_map(merge_add(none.view(), a.view(), room.view())), as_map(a.view()));
  EXPECT_EQ(merge_add(none.view(), none.view(), room.view()).kept, 0);
}

TEST(SparseVector, CountsWhatIsBelow) {
  Entries a{{3, 5, std::numeric_limits<std::uint32_t>::max()}, {1, 2, 3}};
  EXPECT_EQ(a.view().below(3), 0);
  EXPECT_EQ(a.view().below(4), 1);
  EXPECT_EQ(a.view().below((std::int64_t{1} << 32) - 1), 2);
  EXPECT_EQ(a.view().below(std::int64_t{1} << 32), 3);
}

TEST(SparseVector, RotatingCountsFromElsewhere) {
  std::mt19937 random(6);
  for (const std::uint32_t origin : {0U, 1U, 400U, 999U}) {
    Entries a = random_entries(random, 1000, 7);
    Entries room = room_of(a.indices.size());
    const SparseVector rotated = rotate(a.view(), 1000, origin, room.view());
    expect_ascends(rotated);
    std::map<std::uint32_t, float> expected;
    for (const auto& [index, value] : as_map(a.view())) expected[(index + 1000 - origin) % 1000] = value;
    EXPECT_EQ(as_map(rotated), expected) << origin;
  }
}

TEST(SparseVector, RotatesTheLongestVectorThereIs) {
  constexpr std::int64_t kCount = std::int64_t{1} << 32;
  Entries a{{1, static_cast<std::uint32_t>(kCount - 1)}, {1, 2}};
  Entries room = room_of(2);
  EXPECT_EQ(as_map(rotate(a.view(), kCount, kCount - 2, room.view())),
            (std::map<std::uint32_t, float>{{1, 2}, {3, 1}}));
}

}  // namespace
}  // namespace pliant

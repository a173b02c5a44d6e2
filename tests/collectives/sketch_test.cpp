// The limit from sketches, against the limit from all entries sorted.
#include "collectives/sparse/sketch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace pliant {
namespace {

using Keys = std::vector<std::uint64_t>;

TEST(Sketch, KeysFollowTheOrderOfSelections) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const Keys falling = {order_key(9, nan),   order_key(8, -infinity),     order_key(3, -2.0F),
                        order_key(4, 2.0F),  order_key(5, 1.0F),          order_key(0, -0.0F),
                        order_key(1, +0.0F), order_key(0xffffffffU, 0.0F)};
  EXPECT_TRUE(std::is_sorted(falling.rbegin(), falling.rend()));
  EXPECT_EQ(std::adjacent_find(falling.begin(), falling.end()), falling.end());
}

TEST(Sketch, MarksAreEvenlySpaced) {
  std::mt19937_64 random(1);
  for (const std::int64_t marks : {8, 32})
    for (const std::size_t entries : {0U, 1U, 7U, 8U, 9U, 33U, 1000U}) {
      Keys keys(entries);
      std::generate(keys.begin(), keys.end(), random);
      Keys sorted = keys;
      std::sort(sorted.rbegin(), sorted.rend());
      Keys sketch(static_cast<std::size_t>(marks) + 1);
      draw_sketch(keys, sketch);
      ASSERT_EQ(sketch[0], entries);
      const auto n = static_cast<std::int64_t>(entries);
      for (std::int64_t j = 0; j < marks && n > 0; ++j)
        EXPECT_EQ(sketch[static_cast<std::size_t>(j) + 1],
                  sorted[static_cast<std::size_t>(mark_rank(n, marks, j) - 1)])
            << entries << ", " << j;
      if (n > 0) {
        EXPECT_EQ(sketch.back(), sorted.back());
      }
    }
}

TEST(Sketch, LimitLeavesEnoughAndHardlyMore) {
  std::mt19937_64 random(2);
  for (const std::size_t ranks : {1U, 2U, 5U, 8U})
    for (const std::int64_t kept : {1, 10, 500, 3000}) {
      const std::int64_t marks = marks_for(kept);
      Keys sketches;
      Keys all;
      std::int64_t more = 0;
      for (std::size_t rank = 0; rank < ranks; ++rank) {
        // A different number on each rank, none on one of them, but enough in total
        const std::int64_t entries = rank == 1 ? 0 : kept >> (rank / 2);
        Keys keys(static_cast<std::size_t>(entries));
        for (std::uint64_t& key : keys) key = random() >> (rank * 2);
        all.insert(all.end(), keys.begin(), keys.end());
        Keys sketch(static_cast<std::size_t>(marks) + 1);
        draw_sketch(keys, sketch);
        sketches.insert(sketches.end(), sketch.begin(), sketch.end());
        more += (entries + marks - 1) / marks;
      }
      std::vector<Mark> scratch(ranks * static_cast<std::size_t>(marks));
      const std::uint64_t limit = limit_of(sketches, marks, kept, scratch);
      const auto reached = std::count_if(all.begin(), all.end(), [&](auto key) { return key >= limit; });
      EXPECT_GE(reached, kept);
      EXPECT_LT(reached, kept + more + (kept + marks - 1) / marks) << ranks << ", " << kept;
    }
}

TEST(Sketch, LimitIsNothingWhereThereIsTooLittle) {
  Keys keys = {5, 3};
  Keys sketch(9);
  draw_sketch(keys, sketch);
  std::vector<Mark> scratch(8);
  EXPECT_EQ(limit_of(sketch, 8, 2, scratch), 3U);
  EXPECT_EQ(limit_of(sketch, 8, 3, scratch), 0U);
}

TEST(Sketch, NoNumberOfEntriesOverflows) {
  Keys sketch(9, std::numeric_limits<std::uint64_t>::max());
  std::vector<Mark> scratch(8);
  EXPECT_EQ(limit_of(sketch, 8, 1000, scratch), std::numeric_limits<std::uint64_t>::max());
}

}  // namespace
}  // namespace pliant

// Chunks cover every element once, in order, and their lengths differ by at most one.
#include "core/partition.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace pliant {
namespace {

void expect_partition(std::int64_t count, int parts) {
  std::int64_t end = 0;
  std::int64_t least = count;
  std::int64_t most = 0;
  for (int index = 0; index < parts; ++index) {
    const Range chunk = chunk_of(count, parts, index);
    EXPECT_EQ(chunk.begin, end) << count << " in " << parts << ", chunk " << index;
    EXPECT_LE(chunk.count, chunk_of(count, parts, std::max(0, index - 1)).count);
    end = chunk.begin + chunk.count;
    least = std::min(least, chunk.count);
    most = std::max(most, chunk.count);
  }
  EXPECT_EQ(end, count) << parts;
  EXPECT_LE(most - least, 1) << count << " in " << parts;
}

TEST(Partition, CoversEveryElementOnce) {
  for (int parts = 1; parts <= 17; ++parts)
    for (const std::int64_t count : {0, 1, parts - 1, parts, parts + 1, 7, 1000, 100003})
      expect_partition(count, parts);
  expect_partition(std::int64_t{1} << 40, 7);
}

TEST(Partition, FirstChunksAreTheLargerOnes) {
  EXPECT_EQ(chunk_of(8, 3, 0), (Range{0, 3}));
  EXPECT_EQ(chunk_of(8, 3, 1), (Range{3, 3}));
  EXPECT_EQ(chunk_of(8, 3, 2), (Range{6, 2}));
}

}  // namespace
}  // namespace pliant

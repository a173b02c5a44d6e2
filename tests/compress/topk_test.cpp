// k = max(1, round(density x count)).
#include "compress/topk.hpp"

#include <gtest/gtest.h>

namespace pliant {
namespace {

TEST(KeptCount, RoundsHalfAwayFromZeroAndKeepsAtLeastOne) {
  struct Case {
    std::int64_t count;
    double density;
    std::int64_t kept;
  };
  const Case cases[] = {
      {0, 1, 0},
      {0, 1e-9, 0},
      {1, 1e-9, 1},
      {1, 1, 1},
      {7, 1, 7},
      {10, 0.25, 3},
      {10, 0.05, 1},
      {10, 0.04, 1},
      {100, 0.01, 1},
      {149, 0.01, 1},
      {150, 0.01, 2},
      {1'000'000, 0.001, 1000},
      {3, 0.999999, 3},
      {3, 0.5, 2},
      {1000, 1e-300, 1},
      {11'689'512, 0.1, 1'168'951},
      {11'689'512, 0.001, 11'690},
      {std::int64_t{1} << 32, 0.5, std::int64_t{1} << 31},
      {std::int64_t{1} << 40, 1, std::int64_t{1} << 40},
  };
  for (const Case& item : cases)
    EXPECT_EQ(kept_count(item.count, item.density), item.kept) << item.count << " x " << item.density;
}

TEST(KeptCount, NeverFallsWithDensity) {
  std::int64_t before = 0;
  for (int i = 1; i <= 1000; ++i) {
    const std::int64_t kept = kept_count(333, i / 1000.0);
    EXPECT_GE(kept, before);
    EXPECT_LE(kept, 333);
    before = kept;
  }
  EXPECT_EQ(before, 333);
}

}  // namespace
}  // namespace pliant

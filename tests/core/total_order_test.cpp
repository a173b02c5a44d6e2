// Every double has one place in the order. NaN, whatever its bits, is one value above all others.
#include "core/total_order.hpp"

#include <gtest/gtest.h>

#include <array>

#include "tests/support/bits.hpp"

namespace pliant {
namespace {

using Limits = std::numeric_limits<double>;

double nan_with(std::uint64_t payload) {
  return std::bit_cast<double>(0x7ff0000000000000U | payload);
}

const std::array kAscending = {-Limits::infinity(),
                               Limits::lowest(),
                               -1.5,
                               -1.0,
                               -Limits::min(),
                               -Limits::denorm_min(),
                               -0.0,
                               0.0,
                               Limits::denorm_min(),
                               Limits::min(),
                               1.0,
                               1.5,
                               Limits::max(),
                               Limits::infinity(),
                               Limits::quiet_NaN()};

TEST(TotalOrder, EveryValueHasAPlaceOfItsOwnAndComesBack) {
  for (std::size_t i = 0; i < kAscending.size(); ++i) {
    EXPECT_EQ(test::bits(value_at_place(place_in_order(kAscending[i]))), test::bits(kAscending[i])) << i;
    for (std::size_t j = 0; j < i; ++j)
      EXPECT_LT(place_in_order(kAscending[j]), place_in_order(kAscending[i])) << j << " < " << i;
  }
}

TEST(TotalOrder, TheLaterOfTwoIsTheSameBothWays) {
  for (std::size_t i = 0; i < kAscending.size(); ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      EXPECT_EQ(test::bits(later_in_order(kAscending[i], kAscending[j])), test::bits(kAscending[i]));
      EXPECT_EQ(test::bits(later_in_order(kAscending[j], kAscending[i])), test::bits(kAscending[i]));
    }
}

TEST(TotalOrder, AllNansAreOne) {
  const std::uint64_t quiet = test::bits(Limits::quiet_NaN());
  for (const double nan : {nan_with(1), nan_with(0x8000000000001U), -nan_with(7), -Limits::quiet_NaN()}) {
    EXPECT_EQ(test::bits(later_in_order(nan, 1)), quiet);
    EXPECT_EQ(test::bits(later_in_order(1, nan)), quiet);
    EXPECT_EQ(test::bits(later_in_order(nan, Limits::infinity())), quiet);
  }
}

}  // namespace
}  // namespace pliant

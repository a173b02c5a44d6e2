// Computing time as policies see it: one unusual interval does not count.
#include "planner/learning/compute_times.hpp"

#include <gtest/gtest.h>

namespace pliant {
namespace {

TEST(ComputeTimes, AreUnknownBeforeTheFirst) {
  EXPECT_EQ(ComputeTimes().typical_s(), 0);
}

TEST(ComputeTimes, TakeTheSmallerOfTwo) {
  ComputeTimes times;
  times.add(5);
  EXPECT_EQ(times.typical_s(), 5);
  times.add(1);
  EXPECT_EQ(times.typical_s(), 1);
}

TEST(ComputeTimes, PassOverOneEvaluation) {
  ComputeTimes times;
  for (const double seconds : {1.0, 1.1, 1.2, 60.0}) times.add(seconds);
  EXPECT_EQ(times.typical_s(), 1.2);
  times.add(1.1);
  EXPECT_EQ(times.typical_s(), 1.2);
}

TEST(ComputeTimes, BelieveAChangeTheSecondTime) {
  ComputeTimes times;
  for (const double seconds : {1.0, 1.0, 1.0, 3.0, 4.0}) times.add(seconds);
  EXPECT_EQ(times.typical_s(), 3);
}

TEST(OutsideTime, CountsEachMomentOnceWhateverIsUnderWay) {
  OutsideTime outside;
  outside.enter(100);  // nothing is known of what was before
  outside.leave(101);
  outside.enter(104);  // 3 s
  outside.leave(104.5);
  outside.enter(105);     // 0.5 s
  outside.enter(105.25);  // a call within a call
  EXPECT_EQ(outside.total_s(), 3.75);
  outside.leave(106);
  EXPECT_EQ(outside.total_s(), 3.75);
  outside.enter(105);  // a clock that went back
  EXPECT_EQ(outside.total_s(), 3.75);
}

}  // namespace
}  // namespace pliant

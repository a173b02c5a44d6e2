// One direction of a cable, against times worked out by hand.
#include "apps/netlab/link.hpp"

#include <gtest/gtest.h>

#include "tests/netlab/support.hpp"

namespace pliant::netlab {
namespace {

constexpr double kMbit = 1e6;

/// 10 000 bits: 10 ms at 1 Mbit/s.
constexpr std::uint32_t kFrame = 1250;

Link link_of(double bits_per_s, std::int64_t queue_bytes = 1 << 20) {
  Link link;
  link.set_rate(bits_per_s, 0);
  link.set_queue_bytes(queue_bytes);
  return link;
}

bool push(Link& link, Frame frame, TimeNs now) {
  return link.push(std::move(frame), now, now);
}

TEST(Link, AFrameTakesItsBitsOverTheRate) {
  struct Case {
    double bits_per_s;
    std::uint32_t wire_bytes;
    TimeNs ns;
  };
  constexpr Case kCases[] = {{1e3, 1250, 10 * kSecond}, {1e6, 1250, 10 * kMs}, {2.5e6, 84, 268'800},
                             {7e6, 1250, 1'428'571},    {3e7, 1538, 410'133},  {1e9, 1538, 12'304},
                             {25e9, 1250, 400},         {25e9, 1538, 492},     {100e9, 84, 7},
                             {1e9, 67'890, 543'120}};
  for (const Case& expected : kCases) {
    Link link = link_of(expected.bits_per_s);
    ASSERT_TRUE(push(link, frame(expected.wire_bytes), 5 * kMs));
    EXPECT_EQ(link.next(), 5 * kMs + expected.ns) << expected.bits_per_s << " " << expected.wire_bytes;
  }
}

TEST(Link, IsIdleWithoutFrames) {
  Link link = link_of(kMbit);
  EXPECT_EQ(link.next(), kNever);
  ASSERT_TRUE(push(link, frame(kFrame), 0));
  link.pop();
  EXPECT_EQ(link.next(), kNever);
  EXPECT_DOUBLE_EQ(link.rate(), kMbit);
}

TEST(Link, FramesLeaveBackToBackInOrder) {
  Link link = link_of(kMbit);
  ASSERT_TRUE(push(link, frame(1250, 1), 0));
  ASSERT_TRUE(push(link, frame(125, 2), 2 * kMs));
  ASSERT_TRUE(push(link, frame(2500, 3), 3 * kMs));
  constexpr TimeNs kEnds[] = {10 * kMs, 11 * kMs, 31 * kMs};
  for (std::uint32_t number = 1; number <= 3; ++number) {
    EXPECT_EQ(link.next(), kEnds[number - 1]);
    EXPECT_EQ(link.pop().bytes, number);
  }
  // Idle since 31 ms, so the next frame starts when it comes.
  ASSERT_TRUE(push(link, frame(1250, 4), 40 * kMs));
  EXPECT_EQ(link.next(), 50 * kMs);
}

TEST(Link, AFrameWaitsForTheOneThatStillLeavesThoughItsTimeHasPassed) {
  Link link = link_of(kMbit);
  ASSERT_TRUE(push(link, frame(kFrame), 0));
  ASSERT_TRUE(push(link, frame(kFrame), 15 * kMs));  // the first left at 10 ms, nobody has looked yet
  EXPECT_EQ(link.next(), 10 * kMs);
  link.pop();
  EXPECT_EQ(link.next(), 25 * kMs);
}

TEST(Link, TheRestOfAFrameGoesAtTheNewRate) {
  Link link = link_of(kMbit);
  ASSERT_TRUE(push(link, frame(kFrame), 0));
  ASSERT_TRUE(push(link, frame(kFrame), 0));
  link.set_rate(2 * kMbit, 4 * kMs);  // 6000 bits are left
  EXPECT_EQ(link.next(), 7 * kMs);
  link.set_rate(0.5 * kMbit, 5 * kMs);  // 4000 bits
  EXPECT_EQ(link.next(), 13 * kMs);
  link.pop();
  EXPECT_EQ(link.next(), 33 * kMs);  // the second one whole at the new rate
  link.set_rate(1 * kMbit, 23 * kMs);
  EXPECT_EQ(link.next(), 28 * kMs);
}

TEST(Link, TheSameRateAgainChangesNothing) {
  Link link = link_of(7 * kMbit);
  ASSERT_TRUE(push(link, frame(kFrame), 0));
  const TimeNs end = link.next();
  for (TimeNs now = 1; now < end; now += 999) link.set_rate(7 * kMbit, now);
  EXPECT_EQ(link.next(), end);
}

TEST(Link, ACutStopsAFrameWhereItIsAndItGoesOnAfterwards) {
  Link link = link_of(kMbit);
  ASSERT_TRUE(push(link, frame(kFrame, 1), 0));
  link.set_rate(0, 4 * kMs);
  EXPECT_EQ(link.next(), kNever);
  link.set_rate(0, 50 * kMs);
  link.set_rate(kMbit, 100 * kMs);  // 6000 bits are left
  EXPECT_EQ(link.next(), 106 * kMs);
  link.set_rate(0, 103 * kMs);
  EXPECT_EQ(link.next(), kNever);
  link.set_rate(3 * kMbit, 200 * kMs);  // 3000 bits
  EXPECT_EQ(link.next(), 201 * kMs);
  EXPECT_EQ(link.pop().bytes, 1U);
}

TEST(Link, WhatComesDuringACutWaits) {
  Link link = link_of(kMbit);
  link.set_rate(0, 1 * kMs);
  ASSERT_TRUE(push(link, frame(kFrame, 1), 2 * kMs));
  ASSERT_TRUE(push(link, frame(kFrame, 2), 3 * kMs));
  EXPECT_EQ(link.next(), kNever);
  link.set_rate(2 * kMbit, 20 * kMs);
  EXPECT_EQ(link.next(), 25 * kMs);
  EXPECT_EQ(link.pop().bytes, 1U);
  EXPECT_EQ(link.next(), 30 * kMs);
  EXPECT_EQ(link.pop().bytes, 2U);
}

TEST(Link, ACutWhileIdleLeavesNoTrace) {
  Link link = link_of(kMbit);
  link.set_rate(0, 1 * kMs);
  link.set_rate(kMbit, 2 * kMs);
  ASSERT_TRUE(push(link, frame(kFrame), 5 * kMs));
  EXPECT_EQ(link.next(), 15 * kMs);
}

TEST(Link, DropsWhatItsQueueCannotTakeAndCounts) {
  Link link = link_of(kMbit, 3000);
  EXPECT_TRUE(push(link, frame(1000, 1), 0));
  EXPECT_TRUE(push(link, frame(1500, 2), 0));
  EXPECT_FALSE(push(link, frame(501, 3), 0));
  EXPECT_TRUE(push(link, frame(500, 4), 0));
  EXPECT_FALSE(push(link, frame(1, 5), 0));
  EXPECT_EQ(link.counts().dropped, 2);
  EXPECT_EQ(link.counts().most_queued_bytes, 3000);
  EXPECT_EQ(link.counts().frames, 0);
  EXPECT_EQ(link.counts().wire_bytes, 0);
  EXPECT_EQ(link.pop().bytes, 1U);
  EXPECT_TRUE(push(link, frame(1000, 6), 8 * kMs));
  EXPECT_EQ(link.pop().bytes, 2U);
  EXPECT_EQ(link.pop().bytes, 4U);
  EXPECT_EQ(link.pop().bytes, 6U);
  EXPECT_EQ(link.counts().frames, 4);
  EXPECT_EQ(link.counts().wire_bytes, 4000);
  EXPECT_EQ(link.counts().dropped, 2);
  EXPECT_EQ(link.counts().most_queued_bytes, 3000);
}

TEST(Link, OneFrameAlwaysFitsAnEmptyQueue) {
  Link link = link_of(kMbit, 100);
  for (const TimeNs now : {0 * kMs, 100 * kMs}) {
    EXPECT_TRUE(push(link, frame(1500), now));
    EXPECT_FALSE(push(link, frame(1), now));
    link.pop();
  }
  EXPECT_EQ(link.counts().frames, 2);
  EXPECT_EQ(link.counts().dropped, 2);
}

TEST(Link, ASmallerQueueKeepsWhatWaits) {
  Link link = link_of(kMbit, 10'000);
  for (std::uint32_t number = 1; number <= 3; ++number) ASSERT_TRUE(push(link, frame(1000, number), 0));
  link.set_queue_bytes(1500);
  EXPECT_FALSE(push(link, frame(84, 4), 0));
  for (std::uint32_t number = 1; number <= 3; ++number) EXPECT_EQ(link.pop().bytes, number);
  EXPECT_EQ(link.counts().dropped, 1);
}

TEST(Link, AHeadStartCountsFromWhenTheLinkWasFree) {
  Link idle = link_of(kMbit);
  ASSERT_TRUE(idle.push(frame(kFrame), 10 * kMs, 4 * kMs));
  EXPECT_EQ(idle.next(), 14 * kMs);

  Link busy_until_6_ms = link_of(kMbit);
  ASSERT_TRUE(push(busy_until_6_ms, frame(750), 0));
  EXPECT_EQ(busy_until_6_ms.next(), 6 * kMs);
  busy_until_6_ms.pop();
  ASSERT_TRUE(busy_until_6_ms.push(frame(kFrame), 10 * kMs, 4 * kMs));
  EXPECT_EQ(busy_until_6_ms.next(), 16 * kMs);

  Link busy = link_of(kMbit);
  ASSERT_TRUE(push(busy, frame(kFrame), 5 * kMs));
  ASSERT_TRUE(busy.push(frame(kFrame), 10 * kMs, 4 * kMs));
  EXPECT_EQ(busy.next(), 15 * kMs);
  busy.pop();
  EXPECT_EQ(busy.next(), 25 * kMs);
}

TEST(Link, AFrameIsRoundedToLessThanANanosecond) {
  Link link = link_of(3e7, 1 << 30);  // 410 133.3 ns a frame
  constexpr int kFrames = 10'000;
  for (int i = 0; i < kFrames; ++i) ASSERT_TRUE(push(link, frame(1538), 0));
  TimeNs end = 0;
  for (int i = 0; i < kFrames; ++i) {
    end = link.next();
    link.pop();
  }
  EXPECT_NEAR(static_cast<double>(end), kFrames * 1538 * 8.0 / 3e7 * kNsPerS, 0.5 * kFrames);
}

}  // namespace
}  // namespace pliant::netlab

// The network between hosts, against times worked out by hand. Frames of 10 000 bits take 1 ms at 10 Mbit/s.
#include "apps/netlab/fabric.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <tuple>
#include <vector>

#include "tests/netlab/support.hpp"

namespace pliant::netlab {
namespace {

constexpr std::uint32_t kFrame = 1250;
constexpr double kMbit = 1e6;
constexpr TimeNs kEnd = 1000 * kSecond;

struct Delivery {
  std::uint32_t number;
  int destination;
  TimeNs due;

  bool operator==(const Delivery&) const = default;
};

/// A fabric that records its deliveries.
struct Net {
  explicit Net(int hosts, const LinkSettings& all = {10 * kMbit, 10 * kMbit, 0.005, 0, 1 << 30})
      : fabric(hosts, 1, [this](Frame&& frame, TimeNs due) {
          deliveries.push_back({frame.bytes, frame.destination, due});
        }) {
    for (int host = 0; host < hosts; ++host) fabric.set(host, all, 0);
  }
  Net(const Net&) = delete;

  /// Changes settings from `now` on, in the way the lab does.
  void set(int host, const LinkSettings& settings, TimeNs now) {
    fabric.advance(now);
    fabric.set(host, settings, now);
  }
  std::vector<TimeNs> dues() const {
    std::vector<TimeNs> found;
    for (const Delivery& delivery : deliveries) found.push_back(delivery.due);
    return found;
  }

  std::vector<Delivery> deliveries;
  Fabric fabric;
};

TEST(Fabric, ALoneFrameTakesItsBitsOverTheRateAndTheDelay) {
  struct Case {
    double bits_per_s;
    double delay_s;
    std::uint32_t wire_bytes;
    TimeNs ns;
  };
  constexpr Case kCases[] = {
      {10e6, 0.005, 1250, 6 * kMs}, {1e9, 100e-6, 1538, 112'304},          {25e9, 0.001, 84, 1'000'027},
      {7e6, 0, 1250, 1'428'571},    {3e7, 0.0123456789, 1538, 12'755'812}, {1e3, 10, 125, 11 * kSecond},
      {100e9, 50e-9, 1250, 150},    {1e9, 0.032, 65'536, 32'524'288}};
  for (const Case& expected : kCases) {
    Net net(2, {expected.bits_per_s, expected.bits_per_s, expected.delay_s, 0, 1 << 30});
    net.fabric.send(frame(expected.wire_bytes, 1), 77);
    net.fabric.advance(kEnd);
    EXPECT_EQ(net.deliveries, (std::vector<Delivery>{{1, 1, 77 + expected.ns}})) << expected.bits_per_s;
    EXPECT_EQ(net.fabric.next(), kNever);
  }
}

TEST(Fabric, NothingIsUnderWayAtFirst) {
  Net net(3);
  EXPECT_EQ(net.fabric.hosts(), 3);
  EXPECT_EQ(net.fabric.next(), kNever);
  net.fabric.advance(kEnd);
  EXPECT_TRUE(net.deliveries.empty());
}

TEST(Fabric, HappensWhenItIsDueAndNotBefore) {
  Net net(2);
  net.fabric.send(frame(kFrame), 0);
  EXPECT_EQ(net.fabric.next(), 1 * kMs);  // leaves
  net.fabric.advance(1 * kMs);
  EXPECT_EQ(net.fabric.next(), 6 * kMs);  // arrives
  net.fabric.advance(6 * kMs - 1);
  EXPECT_TRUE(net.deliveries.empty());
  net.fabric.advance(6 * kMs);
  EXPECT_EQ(net.dues(), std::vector<TimeNs>{6 * kMs});
}

TEST(Fabric, TheSlowerOfTwoLinksDecides) {
  struct Case {
    double up;
    double down;
    TimeNs ns;
  };
  for (const Case& expected : {Case{10, 10, 1 * kMs}, Case{10, 1, 10 * kMs}, Case{10, 1000, 1 * kMs},
                               Case{1000, 10, 1 * kMs}, Case{10, 9.9, 1'010'101}}) {
    Net net(2);
    net.set(0, {expected.up * kMbit, 1e9, 0.005, 0, 0}, 0);
    net.set(1, {1e9, expected.down * kMbit, 0.005, 0, 0}, 0);
    net.fabric.send(frame(kFrame), 0);
    net.fabric.advance(kEnd);
    EXPECT_EQ(net.dues(), std::vector<TimeNs>{5 * kMs + expected.ns}) << expected.up << " " << expected.down;
  }
}

TEST(Fabric, DirectionsDoNotDisturbEachOther) {
  Net net(2);
  for (int i = 0; i < 10; ++i) {
    net.fabric.send(frame(kFrame, 0, 0, 1), 0);
    net.fabric.send(frame(kFrame, 1, 1, 0), 0);
  }
  net.fabric.advance(kEnd);
  ASSERT_EQ(net.deliveries.size(), 20U);
  for (std::size_t i = 0; i < 20; ++i)
    EXPECT_EQ(net.deliveries[i].due, 5 * kMs + static_cast<TimeNs>(i / 2 + 1) * kMs);
}

TEST(Fabric, TwoHostsDelayIsTheMeanOfTheirs) {
  Net net(3);
  const std::array<double, 3> delays = {0.001, 0.020, 0};
  for (int host = 0; host < 3; ++host)
    net.set(host, {10 * kMbit, 10 * kMbit, delays[static_cast<std::size_t>(host)], 0, 0}, 0);
  TimeNs now = 0;
  for (const auto& [source, destination, delay] :
       {std::tuple{0, 1, 10'500 * kUs}, std::tuple{1, 0, 10'500 * kUs}, std::tuple{1, 2, 10 * kMs},
        std::tuple{2, 0, 500 * kUs}}) {
    now += kSecond;
    net.fabric.send(frame(kFrame, 0, source, destination), now);
    net.fabric.advance(now + kSecond - 1);
    EXPECT_EQ(net.deliveries.back().due, now + 1 * kMs + delay) << source << " to " << destination;
  }
}

/// Two senders, one receiver, all rates equal: frames in flight keep the down link busy without a gap.
TEST(Fabric, SendersShareTheReceiversDownLink) {
  Net net(3);
  std::mt19937 random(1);
  TimeNs sum = 0;
  for (std::uint32_t i = 0; i < 200; ++i) {
    const auto wire_bytes = static_cast<std::uint32_t>(100 + random() % 1400);
    sum += wire_bytes * 800;  // 80 bits take 8 us
    net.fabric.send(frame(wire_bytes, i, static_cast<int>(i % 2), 2), 0);
  }
  net.fabric.advance(kEnd);
  ASSERT_EQ(net.deliveries.size(), 200U);
  EXPECT_EQ(net.deliveries.back().due, 5 * kMs + sum);
  EXPECT_EQ(net.fabric.down_counts(2).frames, 200);
  EXPECT_EQ(net.fabric.down_counts(2).wire_bytes * 800, sum);
}

TEST(Fabric, SendersOfEqualFramesTakeTurns) {
  Net net(3);
  for (std::uint32_t i = 0; i < 20; ++i)
    net.fabric.send(frame(kFrame, i / 10, static_cast<int>(i / 10), 2), 0);
  net.fabric.advance(kEnd);
  ASSERT_EQ(net.deliveries.size(), 20U);
  for (std::uint32_t i = 0; i < 20; ++i)
    EXPECT_EQ(net.deliveries[i], (Delivery{i % 2, 2, 5 * kMs + (i + 1) * kMs}));
}

TEST(Fabric, ASecondsTrafficIsTheRate) {
  for (const double mbit : {1.0, 10.0, 33.3, 100.0, 1000.0}) {
    Net net(2, {mbit * kMbit, mbit * kMbit, 0.005, 0, 1 << 30});
    const int frames = static_cast<int>(mbit * kMbit / 8 / kFrame) + 100;
    for (int i = 0; i < frames; ++i) net.fabric.send(frame(kFrame), 0);
    net.fabric.advance(5 * kMs + kSecond);
    const double bits = static_cast<double>(net.deliveries.size()) * kFrame * 8;
    EXPECT_LE(bits, mbit * kMbit * (1 + 1e-5)) << mbit;  // a frame's time is a whole number of nanoseconds
    EXPECT_GT(bits, mbit * kMbit * (1 - 1e-5) - kFrame * 8) << mbit;
  }
}

TEST(Fabric, ABroadcastReachesAllButItsSource) {
  Net net(5);
  net.fabric.send(frame(kFrame, 9, 2, kEveryone), 0);
  net.fabric.advance(kEnd);
  EXPECT_EQ(net.deliveries,
            (std::vector<Delivery>{{9, 0, 6 * kMs}, {9, 1, 6 * kMs}, {9, 3, 6 * kMs}, {9, 4, 6 * kMs}}));
  EXPECT_EQ(net.fabric.up_counts(2).frames, 1);
  EXPECT_EQ(net.fabric.down_counts(2).frames, 0);
}

TEST(Fabric, NewRatesHoldForTheRestOfWhatIsOnALink) {
  Net up(2);
  up.set(1, {1e9, 1e9, 0.005, 0, 1 << 30}, 0);
  up.fabric.send(frame(kFrame, 1), 0);
  up.fabric.send(frame(kFrame, 2), 0);
  up.set(0, {20 * kMbit, 1e9, 0.005, 0, 1 << 30}, 600 * kUs);  // 4000 bits are left, 200 us
  up.fabric.advance(kEnd);
  EXPECT_EQ(up.dues(), (std::vector<TimeNs>{5'800 * kUs, 6'300 * kUs}));

  Net down(2);
  down.set(0, {1e9, 1e9, 0.005, 0, 1 << 30}, 0);
  down.fabric.send(frame(kFrame, 1), 0);
  down.fabric.send(frame(kFrame, 2), 0);
  down.set(1, {1e9, 5 * kMbit, 0.005, 0, 1 << 30}, 6'500 * kUs);  // half of the second has passed
  down.fabric.advance(kEnd);
  EXPECT_EQ(down.dues(), (std::vector<TimeNs>{6 * kMs, 7'500 * kUs}));
}

TEST(Fabric, WhatTravelsKeepsItsDelayAndItsPlace) {
  const LinkSettings near = {10 * kMbit, 10 * kMbit, 0.001, 0, 0};
  Net net(2);
  net.fabric.send(frame(kFrame, 1), 0);
  net.set(0, near, 2 * kMs);
  net.set(1, near, 2 * kMs);
  net.fabric.send(frame(125, 2), 2 * kMs);  // would arrive first: 2 + 0.1 + 1 ms
  net.fabric.send(frame(kFrame, 3), 10 * kMs);
  net.fabric.advance(kEnd);
  EXPECT_EQ(net.deliveries,
            (std::vector<Delivery>{{1, 1, 6 * kMs}, {2, 1, 6 * kMs + 100 * kUs}, {3, 1, 12 * kMs}}));
}

TEST(Fabric, WhatComesFromNearOvertakesWhatComesFromAfar) {
  Net net(3);
  net.set(0, {10 * kMbit, 10 * kMbit, 0.045, 0, 0}, 0);
  net.fabric.send(frame(kFrame, 1, 0, 2), 0);
  net.fabric.send(frame(kFrame, 2, 1, 2), 3 * kMs);
  net.fabric.advance(kEnd);
  EXPECT_EQ(net.deliveries, (std::vector<Delivery>{{2, 2, 9 * kMs}, {1, 2, 26 * kMs}}));
}

TEST(Fabric, ACutHostHearsNothingUntilItIsRestored) {
  const LinkSettings whole = {10 * kMbit, 10 * kMbit, 0.005, 0, 1 << 30};
  LinkSettings cut = whole;
  cut.up_bits_per_s = cut.down_bits_per_s = 0;
  Net net(3);
  net.set(1, cut, 0);
  net.fabric.send(frame(kFrame, 1, 0, 1), 0);
  net.fabric.send(frame(kFrame, 2, 1, 2), 0);
  net.fabric.send(frame(kFrame, 3, 0, 2), 0);
  net.fabric.advance(100 * kMs);
  EXPECT_EQ(net.deliveries, (std::vector<Delivery>{{3, 2, 7 * kMs}}));
  EXPECT_EQ(net.fabric.next(), kNever);
  net.set(1, whole, 100 * kMs);
  net.fabric.advance(kEnd);
  EXPECT_EQ(net.deliveries, (std::vector<Delivery>{{3, 2, 7 * kMs}, {1, 1, 101 * kMs}, {2, 2, 106 * kMs}}));
  EXPECT_EQ(net.fabric.settings(1), whole);
}

TEST(Fabric, QueuesAtBothEndsDropAndCount) {
  Net net(3, {10 * kMbit, 10 * kMbit, 0.005, 0, 10 * kFrame});
  // The host's end also has room for the burst that its interface may let through: 10 ms of its rate.
  const int room = 10 + static_cast<int>(kHostBurst_s * 10 * kMbit / 8) / kFrame;
  for (int i = 0; i < room + 5; ++i) net.fabric.send(frame(kFrame, 0, 0, 2), 0);
  EXPECT_EQ(net.fabric.up_counts(0).dropped, 5);
  for (int i = 0; i < 10; ++i) net.fabric.send(frame(kFrame, 1, 1, 2), 0);
  LinkSettings slow = net.fabric.settings(2);
  slow.down_bits_per_s = 1 * kMbit;
  net.set(2, slow, 0);
  net.fabric.advance(kEnd);
  const LinkCounts& down = net.fabric.down_counts(2);
  EXPECT_EQ(down.frames + down.dropped, room + 10);
  EXPECT_GE(down.frames, 10);
  EXPECT_GT(down.dropped, 0);
  EXPECT_EQ(down.most_queued_bytes, 10 * kFrame);
  EXPECT_EQ(net.deliveries.size(), static_cast<std::size_t>(down.frames));
}

TEST(Fabric, WithoutAQueueSettingItsRoomFollowsRateAndDelay) {
  Net net(2, {0, 1e9, 0.05, 0, 0});  // cut: nothing leaves
  const auto fill = [&] {
    const std::int64_t before = net.fabric.up_counts(0).dropped;
    while (net.fabric.up_counts(0).dropped == before) net.fabric.send(frame(1024), 0);
    return net.fabric.up_counts(0).most_queued_bytes;
  };
  EXPECT_EQ(fill(), 1 << 20);
  net.fabric.set(0, {1e9, 1e9, 0.05, 0, 0}, 0);
  EXPECT_EQ(fill(), (50'000'000 + 1'250'000) / 1024 * 1024) << "with 10 ms of the rate";
  net.fabric.set(0, {1e9, 1e9, 0.05, 0, 60'000'000}, 0);
  EXPECT_EQ(fill(), (60'000'000 + 1'250'000) / 1024 * 1024);
}

}  // namespace
}  // namespace pliant::netlab

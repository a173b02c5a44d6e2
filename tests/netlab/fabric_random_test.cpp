// Invariants of the network: every loss is counted, frames keep their order, and none is early. Checked with
// thousands of random frames, settings and clock readings. Also tests jitter.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <vector>

#include "apps/netlab/fabric.hpp"
#include "tests/netlab/support.hpp"

namespace pliant::netlab {
namespace {

struct Sent {
  int source = 0;
  int destination = 0;
  std::uint32_t wire_bytes = 0;
  TimeNs time = 0;
  bool is_lost = false;           ///< dropped by its up link's queue
  std::map<int, int> deliveries;  ///< number of deliveries by host
};

/// Sends random frames, and checks each delivery as it happens.
class Storm {
 public:
  static constexpr int kHosts = 8;

  explicit Storm(std::uint64_t seed)
      : random_(seed),
        fabric_(kHosts, seed, [this](Frame&& frame, TimeNs due) { check(frame, due); }),
        newest_(kHosts * kHosts, 0) {}

  void run(int events) {
    for (int i = 0; i < events; ++i) {
      if (chance(0.1)) move();
      if (chance(0.05)) set_at_random();
      if (chance(0.7)) now_ += number(0, 200'000);  // sends need not wait for what is due
      send();
    }
    EXPECT_GE(pending(), 0);
  }

  /// Restores all links; then all frames in flight must arrive.
  void drain() {
    move();
    for (int host = 0; host < kHosts; ++host) fabric_.set(host, {1e9, 1e9, 0.001, 0, 0}, now_);
    while (fabric_.next() != kNever) {
      ASSERT_GE(fabric_.next(), now_);
      ASSERT_GT(pending(), 0);
      now_ = fabric_.next();
      fabric_.advance(now_);
    }
  }

  void expect_all_accounted() {
    EXPECT_EQ(pending(), 0);
    std::vector<LinkCounts> up(kHosts);
    for (const Sent& sent : sent_) {
      LinkCounts& counts = up[static_cast<std::size_t>(sent.source)];
      counts.dropped += sent.is_lost;
      counts.frames += !sent.is_lost;
      counts.wire_bytes += sent.is_lost ? 0 : sent.wire_bytes;
    }
    for (int host = 0; host < kHosts; ++host) {
      const LinkCounts& expected = up[static_cast<std::size_t>(host)];
      EXPECT_EQ(fabric_.up_counts(host).frames, expected.frames);
      EXPECT_EQ(fabric_.up_counts(host).wire_bytes, expected.wire_bytes);
      EXPECT_EQ(fabric_.up_counts(host).dropped, expected.dropped);
      EXPECT_EQ(fabric_.down_counts(host).frames, delivered_[static_cast<std::size_t>(host)]);
      dropped_up_ += expected.dropped;
      dropped_down_ += fabric_.down_counts(host).dropped;
    }
  }

  std::int64_t dropped_up() const { return dropped_up_; }
  std::int64_t dropped_down() const { return dropped_down_; }
  const std::vector<TimeNs>& dues() const { return dues_; }

 private:
  bool chance(double probability) { return std::bernoulli_distribution(probability)(random_); }
  TimeNs number(TimeNs least, TimeNs most) {
    return std::uniform_int_distribution<TimeNs>(least, most)(random_);
  }

  void move() {
    now_ += number(0, 20 * kMs);
    fabric_.advance(now_);
    EXPECT_GT(fabric_.next(), now_);
  }

  void send() {
    Sent sent;
    sent.source = static_cast<int>(number(0, kHosts - 1));
    do sent.destination = static_cast<int>(number(kEveryone, kHosts - 1));
    while (sent.destination == sent.source);
    sent.wire_bytes = static_cast<std::uint32_t>(chance(0.5) ? number(84, 1538) : number(84, 67'000));
    sent.time = now_;
    const auto id = static_cast<std::uint32_t>(sent_.size());
    const std::int64_t before = fabric_.up_counts(sent.source).dropped;
    fabric_.send(frame(sent.wire_bytes, id, sent.source, sent.destination), now_);
    sent.is_lost = fabric_.up_counts(sent.source).dropped > before;
    sent_.push_back(sent);
  }

  void set_at_random() {
    fabric_.advance(now_);
    constexpr double kRates[] = {0, 0, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10};
    LinkSettings settings;
    settings.up_bits_per_s = kRates[number(0, 7)];
    settings.down_bits_per_s = kRates[number(0, 7)];
    settings.delay_s = to_s(number(0, 20 * kMs));
    settings.jitter_s = chance(0.5) ? 0 : to_s(number(0, 20 * kMs));
    settings.queue_bytes = chance(0.5) ? 0 : number(65'536, 1 << 20);
    fabric_.set(static_cast<int>(number(0, kHosts - 1)), settings, now_);
  }

  void check(const Frame& frame, TimeNs due) {
    Sent& sent = sent_.at(frame.bytes);
    EXPECT_EQ(frame.source, sent.source);
    EXPECT_EQ(frame.wire_bytes, sent.wire_bytes);
    EXPECT_NE(frame.destination, sent.source);
    EXPECT_TRUE(sent.destination == kEveryone || sent.destination == frame.destination);
    EXPECT_FALSE(sent.is_lost);
    EXPECT_EQ(++sent.deliveries[frame.destination], 1);
    EXPECT_LE(due, now_);
    EXPECT_GE(due, dues_.empty() ? 0 : dues_.back()) << "deliveries in the order of their times";
    EXPECT_GE(due, sent.time + static_cast<TimeNs>(sent.wire_bytes * 0.8)) << "10 Gbit/s is the fastest";
    std::uint32_t& newest = newest_[static_cast<std::size_t>(frame.source * kHosts + frame.destination)];
    EXPECT_GE(frame.bytes, newest) << "no frame overtakes one between the same hosts";
    newest = frame.bytes;
    ++delivered_[static_cast<std::size_t>(frame.destination)];
    dues_.push_back(due);
  }

  /// Accepted copies that have neither arrived nor been dropped.
  std::int64_t pending() const {
    std::int64_t copies = 0;
    for (const Sent& sent : sent_)
      if (!sent.is_lost) copies += sent.destination == kEveryone ? kHosts - 1 : 1;
    for (int host = 0; host < kHosts; ++host)
      copies -= fabric_.down_counts(host).frames + fabric_.down_counts(host).dropped;
    return copies;
  }

  std::mt19937_64 random_;
  TimeNs now_ = 0;
  std::vector<Sent> sent_;
  Fabric fabric_;
  std::vector<std::uint32_t> newest_;
  std::vector<std::int64_t> delivered_ = std::vector<std::int64_t>(kHosts, 0);
  std::vector<TimeNs> dues_;
  std::int64_t dropped_up_ = 0;
  std::int64_t dropped_down_ = 0;
};

TEST(FabricAtRandom, WhatGoesInComesOutOrIsCounted) {
  std::int64_t dropped_up = 0;
  std::int64_t dropped_down = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    Storm storm(seed);
    for (int i = 0; i < 4; ++i) {
      storm.run(1000);
      storm.drain();
    }
    storm.expect_all_accounted();
    EXPECT_GT(storm.dues().size(), 2000U);
    dropped_up += storm.dropped_up();
    dropped_down += storm.dropped_down();
  }
  EXPECT_GT(dropped_up, 0) << "the test reaches full queues";
  EXPECT_GT(dropped_down, 0);
}

TEST(FabricAtRandom, IsDecidedByItsSeed) {
  const auto dues = [](std::uint64_t seed) {
    Storm storm(seed);
    storm.run(2000);
    storm.drain();
    return storm.dues();
  };
  EXPECT_EQ(dues(1), dues(1));
  EXPECT_NE(dues(1), dues(2));
}

/// For each of `frames`, sent `interval` apart: its time beyond its own transmission.
std::vector<TimeNs> delays_of(const LinkSettings& a, const LinkSettings& b, std::uint64_t seed,
                              TimeNs interval, int frames) {
  constexpr std::uint32_t kBytes = 125;
  std::vector<TimeNs> found;
  Fabric fabric(2, seed, [&](Frame&& frame, TimeNs due) {
    EXPECT_EQ(frame.bytes, found.size()) << "frames keep their order";
    const TimeNs sent = static_cast<TimeNs>(frame.bytes) * interval;
    found.push_back(due - sent - kUs);
  });
  fabric.set(0, a, 0);
  fabric.set(1, b, 0);
  for (int i = 0; i < frames; ++i) {
    fabric.advance(i * interval);
    fabric.send(frame(kBytes, static_cast<std::uint32_t>(i)), i * interval);
  }
  fabric.advance(frames * interval + 1000 * kSecond);
  return found;
}

LinkSettings jittery(double delay_s, double jitter_s) {
  return {1e9, 1e9, delay_s, jitter_s, 0};
}

double mean_of(const std::vector<TimeNs>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TEST(Jitter, IsEvenAboutTheDelayWithinItsBounds) {
  constexpr int kFrames = 20'000;
  const LinkSettings link = jittery(0.010, 0.002);
  const std::vector<TimeNs> found = delays_of(link, link, 1, 10 * kMs, kFrames);
  ASSERT_EQ(found.size(), static_cast<std::size_t>(kFrames));
  const auto [least, most] = std::ranges::minmax(found);
  EXPECT_GE(least, 8 * kMs);
  EXPECT_LE(most, 12 * kMs);
  // Five standard errors of the mean of a uniform distribution. Values reach the ends of the range.
  EXPECT_NEAR(mean_of(found), 10e6, 5 * 2e6 / std::sqrt(3.0 * kFrames));
  EXPECT_LT(least, 8 * kMs + 4 * kUs);
  EXPECT_GT(most, 12 * kMs - 4 * kUs);
  const auto below = std::ranges::count_if(found, [](TimeNs delay) { return delay < 9 * kMs; });
  EXPECT_NEAR(static_cast<double>(below), kFrames / 4.0, 5 * std::sqrt(kFrames * 0.25 * 0.75));
}

TEST(Jitter, OfTwoHostsIsTheMeanOfTheirs) {
  const std::vector<TimeNs> found = delays_of(jittery(0.010, 0.004), jittery(0.010, 0), 1, 10 * kMs, 5000);
  const auto [least, most] = std::ranges::minmax(found);
  EXPECT_GE(least, 8 * kMs);
  EXPECT_LE(most, 12 * kMs);
  EXPECT_LT(least, 8 * kMs + 40 * kUs);
  EXPECT_GT(most, 12 * kMs - 40 * kUs);
}

TEST(Jitter, FramesCloseTogetherKeepTheirOrderAndTheBounds) {
  const LinkSettings link = jittery(0.010, 0.005);
  const std::vector<TimeNs> found = delays_of(link, link, 1, 50 * kUs, 20'000);
  ASSERT_EQ(found.size(), 20'000U);
  const auto [least, most] = std::ranges::minmax(found);
  EXPECT_GE(least, 5 * kMs);
  // Frames that were held back by an earlier one follow it through the down link, 1 us each.
  EXPECT_LE(most, 15 * kMs + 10 * kMs / 50);
}

TEST(Jitter, NeverMakesADelayNegative) {
  const LinkSettings link = jittery(0.001, 0.010);
  const std::vector<TimeNs> found = delays_of(link, link, 1, 50 * kMs, 5000);
  const auto [least, most] = std::ranges::minmax(found);
  EXPECT_EQ(least, 0);
  EXPECT_GT(most, 10 * kMs);
  EXPECT_LE(most, 11 * kMs);
}

TEST(Jitter, IsDecidedByItsSeed) {
  const LinkSettings link = jittery(0.010, 0.002);
  const auto first = delays_of(link, link, 1, 10 * kMs, 100);
  EXPECT_EQ(delays_of(link, link, 1, 10 * kMs, 100), first);
  EXPECT_NE(delays_of(link, link, 2, 10 * kMs, 100), first);
}

}  // namespace
}  // namespace pliant::netlab

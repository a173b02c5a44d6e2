// Simulated ranks with their own clocks hold sync rounds: which rank is reported late, and how the network's
// estimate stays free of it.
#include "planner/learning/stragglers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "planner/learning/estimator.hpp"

namespace pliant {
namespace {

int rounds_of(std::size_t ranks) {
  return static_cast<int>(std::bit_width(ranks - 1));
}

/// Ranks whose clocks differ in offset and speed, and whose sync rounds use Bruck's allgather.
class Ranks {
 public:
  explicit Ranks(int ranks, double alpha_s = 1e-4) : alpha_s(static_cast<std::size_t>(ranks), alpha_s) {
    stragglers.begin(ranks);
    for (int rank = 0; rank < ranks; ++rank)
      clocks_.push_back({1e3 * rank * rank, 1 + 1e-5 * (rank % 5 - 2)});
  }

  int ranks() const { return static_cast<int>(alpha_s.size()); }
  double sync_round_s() const { return rounds_of(alpha_s.size()) * *std::ranges::max_element(alpha_s); }

  /// Rank r computes for computes_s(r) and arrives late by late_s(r). After the sync round comes a call that
  /// takes `call_s` once all have begun. Returns whether a rank is reported.
  bool step(const std::function<double(int)>& computes_s, const std::function<double(int)>& late_s,
            double call_s = 0) {
    std::vector<double> came(alpha_s.size());
    for (std::size_t r = 0; r < came.size(); ++r)
      came[r] = now_s_ + computes_s(static_cast<int>(r)) + late_s(static_cast<int>(r));
    const std::vector<double> left = leave(came);
    const double end_s = *std::ranges::max_element(left) + call_s;
    for (std::size_t r = 0; r < came.size(); ++r) {
      const Clock& clock = clocks_[r];
      stragglers.arrivals()[r] = {clock.at(left[r]) - clock.at(came[r]), computes_s(static_cast<int>(r)),
                                  clock.at(end_s) - clock.at(left[r])};
    }
    now_s_ = end_s;
    return stragglers.observe(sync_round_s());
  }

  std::vector<double> alpha_s;  ///< [rank] latency of its messages
  Stragglers stragglers;

 private:
  struct Clock {
    double offset_s, speed;
    double at(double time_s) const { return offset_s + speed * time_s; }
  };

  std::vector<double> leave(std::vector<double> at) const {
    for (std::size_t held = 1; held < at.size(); held *= 2) {
      const std::vector<double> before = at;
      for (std::size_t r = 0; r < at.size(); ++r) {
        const std::size_t from = (r + held) % at.size();
        at[r] = std::max(before[r], before[from] + alpha_s[from]);
      }
    }
    return at;
  }

  std::vector<Clock> clocks_;
  double now_s_ = 0;
};

const auto kNever = [](int) { return 0.0; };

std::function<double(int)> only(int rank, double late_s, double others_s = 0) {
  return [=](int r) { return r == rank ? late_s : others_s; };
}

TEST(Stragglers, LatenessIsWhatItWasUpToWhatAMeetingTakes) {
  for (const int ranks : {2, 3, 4, 5, 7, 8, 64, 1000}) {
    for (const int late : {0, ranks / 2, ranks - 1}) {
      Ranks all(ranks);
      for (int step = 0; step < 12; ++step) all.step(only(late, 0.06, 0.01), kNever);
      const Straggler& latest = all.stragglers.latest();
      EXPECT_EQ(latest.rank, late) << ranks;
      EXPECT_NEAR(latest.late_s, 0.05, all.sync_round_s()) << ranks;
      EXPECT_TRUE(latest.computes_longer());
      EXPECT_FLOAT_EQ(static_cast<float>(latest.computed_s), 0.06F);
      EXPECT_FLOAT_EQ(static_cast<float>(latest.all_computed_s), 0.01F);
    }
  }
}

TEST(Stragglers, WhoComesLateWithoutComputingLongerIsToldApart) {
  Ranks all(4);
  for (int step = 0; step < 12; ++step) all.step([](int) { return 0.01; }, only(2, 0.02));
  EXPECT_EQ(all.stragglers.latest().rank, 2);
  EXPECT_FALSE(all.stragglers.latest().computes_longer());
}

TEST(Stragglers, ALinkThatIsSlowForAllOrForOneNamesNobody) {
  for (const int ranks : {2, 3, 8, 64}) {
    Ranks slow(ranks, 50e-3);
    Ranks one(ranks);
    one.alpha_s[1] = 0.1;
    for (int step = 0; step < 30; ++step) {
      EXPECT_FALSE(slow.step(kNever, kNever)) << ranks;
      EXPECT_FALSE(one.step(kNever, kNever)) << ranks;
    }
    EXPECT_EQ(slow.stragglers.latest().rank, -1);
    EXPECT_EQ(one.stragglers.latest().rank, -1);
  }
}

TEST(Stragglers, ARankThatHungOnceIsNotNamed) {
  Ranks all(3);
  for (int step = 0; step < 100; ++step)
    EXPECT_FALSE(all.step(only(-1, 0, 0.01), only(step % 20 == 7 ? 1 : -1, 2.0))) << step;
}

TEST(Stragglers, ItAppearsChangesAndGoesAndEachIsToldOnce) {
  Ranks all(4);
  const auto told_in = [&](int late, double late_s, int steps) {
    int told = 0;
    for (int step = 0; step < steps; ++step) told += all.step(only(-1, 0, 0.01), only(late, late_s)) ? 1 : 0;
    return told;
  };
  EXPECT_EQ(told_in(-1, 0, 20), 0);
  EXPECT_EQ(told_in(3, 0.01, 20), 1);
  EXPECT_EQ(all.stragglers.latest().rank, 3);
  EXPECT_EQ(told_in(3, 0.05, 20), 1) << "five times as late";
  EXPECT_NEAR(all.stragglers.latest().late_s, 0.05, all.sync_round_s());
  EXPECT_GE(told_in(1, 0.05, 20), 1);
  EXPECT_EQ(all.stragglers.latest().rank, 1);
  EXPECT_EQ(told_in(-1, 0, 20), 1);
  EXPECT_EQ(all.stragglers.latest().rank, -1);
}

TEST(Stragglers, LatenessThatComputingDwarfsIsNotWorthATelling) {
  Ranks all(4);
  for (int step = 0; step < 30; ++step) EXPECT_FALSE(all.step(only(-1, 0, 1.0), only(2, 0.01)));
  for (int step = 0; step < 30; ++step) all.step(only(-1, 0, 1.0), only(2, 0.05));
  EXPECT_EQ(all.stragglers.latest().rank, 2);
}

/// Ranks arrive at random times, and none is later than another on average.
TEST(Stragglers, ChanceSeldomNamesOne) {
  for (const int ranks : {2, 3, 8, 64}) {
    std::mt19937_64 random(1);
    std::exponential_distribution<double> late(1 / 0.02);
    Ranks all(ranks);
    int named = 0;
    constexpr int kSteps = 10'000;
    for (int step = 0; step < kSteps; ++step) {
      all.step(only(-1, 0, 0.01), [&](int) { return late(random); });
      named += all.stragglers.latest().rank >= 0 ? 1 : 0;
    }
    RecordProperty("named" + std::to_string(ranks), named);
    EXPECT_LT(named, kSteps / 100) << ranks;
  }
}

TEST(Stragglers, TimesThatCannotBeCountForNothing) {
  Ranks all(2);
  for (int step = 0; step < 12; ++step) all.step(kNever, only(1, 0.1));
  for (const double waited_s :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    all.stragglers.arrivals()[0] = {waited_s, 0, 0};
    for (int round = 0; round < 20; ++round) EXPECT_FALSE(all.stragglers.observe(1e-4));
    EXPECT_EQ(all.stragglers.latest().rank, 1);
  }
}

TEST(CallTime, IsThatFromTheLastRanksBegin) {
  for (const int ranks : {2, 3, 5, 8, 64}) {
    for (const double late_s : {0.0, 0.5}) {
      for (int late = 0; late < ranks; late += std::max(1, ranks / 5)) {
        Ranks all(ranks, 1e-3);
        all.step(kNever, only(late, late_s), 0.004);
        const double time_s = call_time_s(all.stragglers.arrivals(), all.sync_round_s());
        EXPECT_NEAR(time_s, 0.004, 1e-6) << ranks << ' ' << late << ' ' << late_s;
      }
    }
  }
}

/// Learns from calls of all lengths, with and without a late rank.
TEST(CallTime, ALateRankMovesNeitherAlphaNorBeta) {
  constexpr LinkModel kLink{.alpha_s = 1e-3, .beta_s_per_byte = 8e-9};
  LinkEstimator with, without;
  with.reset(kLink, 0.1, 0.1), without.reset(kLink, 0.1, 0.1);
  Ranks late(8, kLink.alpha_s), together(8, kLink.alpha_s);
  for (int call = 0; call < 200; ++call) {
    const Exchange exchange{.messages = 3, .bytes = 100 * std::pow(10, call % 5)};
    const double call_s = exchange.messages * kLink.alpha_s + exchange.bytes * kLink.beta_s_per_byte;
    const auto learned = [&](Ranks& all, LinkEstimator& estimator, double late_s) {
      all.step(only(-1, 0, 0.01), only(5, late_s), call_s);
      const double time_s = call_time_s(all.stragglers.arrivals(), all.sync_round_s());
      estimator.observe({.exchange = exchange, .time_s = time_s});
    };
    learned(late, with, 0.1), learned(together, without, 0);
  }
  EXPECT_EQ(late.stragglers.latest().rank, 5);
  EXPECT_EQ(together.stragglers.latest().rank, -1);
  EXPECT_NEAR(with.alpha_s() / without.alpha_s(), 1, 1e-3);
  EXPECT_NEAR(with.beta_s_per_byte() / without.beta_s_per_byte(), 1, 1e-3);
}

}  // namespace
}  // namespace pliant

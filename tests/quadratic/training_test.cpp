// Rounds of server and workers in one process: their messages, their duration, and their result.
#include "apps/research/quadratic/training.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/support/bits.hpp"

namespace pliant::quadratic {
namespace {

const Problem& problem() {
  static const Problem made({.workers = 3, .dimension = 200, .layers = 4, .condition = 10, .layer_skew = 5});
  return made;
}

BandwidthOptions links(const std::string& shape, double noise = 0) {
  return {.shape = shape, .eta = 2000, .delta = 100, .theta = 0.3, .noise = noise, .slot_s = 0.5, .links = 4};
}

Setting setting_of(const Bandwidth& bandwidth) {
  return {.problem = problem(), .bandwidth = bandwidth, .compute_s = 0.5, .latency_s = 0.01};
}

Trial trial_of(const char* mode, double density, double step = 1) {
  return {.mode = &find_mode(mode), .density = density, .step = step};
}

Outcome train_alone(const Setting& setting, const Trial& trial) {
  return train(World(), setting, trial, setting.most_s);
}

TEST(Training, BothEndsOfEveryLinkAgreeInEveryRound) {
  const Bandwidth bandwidth(links("sine", 0.2));
  const Setting setting = setting_of(bandwidth);
  const Trial trial = trial_of("kimad+", 0.1);
  Server server(setting, trial);
  std::vector<Worker> workers;
  for (int number = 1; number <= 3; ++number) workers.emplace_back(setting, trial, number);
  double now_s = 0;
  std::vector<std::byte> down;
  for (int round = 0; round < 60; ++round) {
    const Sent sent = server.begin_round(now_s, down);
    std::vector<std::vector<std::byte>> up;
    for (Worker& worker : workers) now_s = worker.round(down, sent.arrived_s, up.emplace_back()).arrived_s;
    server.end_round(up);
    for (std::size_t w = 0; w < workers.size(); ++w) {
      ASSERT_EQ(test::first_difference(workers[w].model(), server.model_estimate()), -1);
      ASSERT_EQ(test::first_difference(workers[w].gradient_estimate(),
                                       server.gradient_estimate(static_cast<int>(w))),
                -1);
    }
  }
}

/// Plain gradient descent: x -= step / (L M) x (sum of the workers' gradients at x).
TEST(Training, DensityOneIsGradientDescentBitForBit) {
  const Bandwidth bandwidth(links("constant"));
  Setting setting = setting_of(bandwidth);
  setting.target = 1e-6;
  const Outcome outcome = train_alone(setting, trial_of("ef21", 1, 1.5));
  ASSERT_EQ(outcome.end, End::reached);
  std::vector<float> x(200);
  std::vector<std::vector<float>> gradients(3, x);
  const auto step = static_cast<float>(1.5 / problem().smoothness() / 3);
  for (const Round& round : outcome.rounds) {
    for (int worker = 0; worker < 3; ++worker)
      problem().gradient(worker, x, gradients[static_cast<std::size_t>(worker)]);
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] -= step * (gradients[0][i] + gradients[1][i] + gradients[2][i]);
    ASSERT_EQ(round.error, problem().error(x)) << "round " << round.number;
    ASSERT_EQ(round.density_up, 1);
    ASSERT_EQ(round.density_down, 1);
  }
}

TEST(Training, TimeIsTheSumOfItsParts) {
  const Bandwidth bandwidth(links("sine", 0.3));
  const Setting setting = setting_of(bandwidth);
  for (const char* mode : {"ef21", "kimad", "kimad+"}) {
    double time_s = 0;
    for (const Round& round : train_alone(setting, trial_of(mode, 0.2)).rounds) {
      time_s = time_s + round.down_s + round.compute_s + round.up_s;
      ASSERT_EQ(round.time_s, time_s);
      ASSERT_EQ(round.compute_s, 0.5);
      ASSERT_GT(round.down_s, 0.01);
    }
  }
}

TEST(Training, ConstantBandwidthTakesBytesOverBandwidth) {
  const Bandwidth bandwidth(links("constant"));
  const Setting setting = setting_of(bandwidth);
  for (const char* mode : {"ef21", "kimad"}) {
    const Outcome outcome = train_alone(setting, trial_of(mode, 0.25));
    for (const Round& round : outcome.rounds) {
      EXPECT_NEAR(round.down_s, static_cast<double>(round.bytes_down) / 1100 + 0.01, 1e-9);
      EXPECT_NEAR(round.up_s, static_cast<double>(round.bytes_up) / 3 / 1100 + 0.01, 1e-9);
      EXPECT_LE(round.bytes_down, message_bytes_of(50, 200));
    }
  }
}

/// On constant links Kimad equals EF21, in every round, with the density that defines its round time.
TEST(Training, KimadIsEf21OverConstantLinks) {
  const Bandwidth bandwidth(links("constant"));
  const Setting setting = setting_of(bandwidth);
  for (const double density : {0.05, 0.25, 1.0}) {
    const Outcome fixed = train_alone(setting, trial_of("ef21", density, 0.5));
    const Outcome kimad = train_alone(setting, trial_of("kimad", density, 0.5));
    ASSERT_EQ(fixed.rounds.size(), kimad.rounds.size()) << density;
    for (std::size_t i = 0; i < fixed.rounds.size(); ++i) {
      ASSERT_NEAR(fixed.rounds[i].density_up, kimad.rounds[i].density_up, 4.0 / 200);
      ASSERT_NEAR(fixed.rounds[i].error, kimad.rounds[i].error, 0.02 * fixed.rounds[0].error);
    }
  }
}

TEST(Training, RoundsLastAsLongAsKimadAllowsWhereBandwidthHolds) {
  // One slot is longer than the run, so the bandwidth is constant as the sender expects.
  BandwidthOptions options = links("constant", 0.5);
  options.slot_s = 1e5;
  const Bandwidth bandwidth(options);
  Setting setting = setting_of(bandwidth);
  setting.most_rounds = 200;
  for (const char* mode : {"kimad", "kimad+", "kimad_threshold"}) {
    const Trial trial = trial_of(mode, 0.2, 0.2);
    for (const Round& round : train_alone(setting, trial).rounds) {
      ASSERT_EQ(round.over_budget, 0);
      ASSERT_LE(round.down_s + round.compute_s + round.up_s, round_s(setting, trial) * (1 + 1e-12));
    }
  }
}

TEST(Training, FloorHoldsAndIsCounted) {
  const Bandwidth bandwidth(links("step"));
  Setting setting = setting_of(bandwidth);
  setting.least_density = 0.2;
  const Outcome outcome = train_alone(setting, trial_of("kimad", 0.21));
  int over_budget = 0;
  for (const Round& round : outcome.rounds) {
    ASSERT_GE(round.density_up, 0.2);
    ASSERT_GE(round.density_down, 0.2);
    over_budget += round.over_budget;
  }
  EXPECT_GT(over_budget, 0);
}

TEST(Training, LastBandwidthIsWhatTheLastMessageHad) {
  const Bandwidth bandwidth(links("step"));
  Setting setting = setting_of(bandwidth);
  setting.bandwidth_known = false;
  const Trial trial = trial_of("kimad", 0.2);
  Link link(setting, trial, 1);
  const std::vector<float> vector(200, 1.0F);
  std::vector<std::byte> message;
  const double for_message_s = (round_s(setting, trial) - 0.5) / 2 - 0.01;
  EXPECT_DOUBLE_EQ(link.send(vector, 0, message).budget_bytes, 1100 * for_message_s) << "the mean, at first";
  const Sent second = link.send(vector, 6, message);
  EXPECT_NEAR(second.budget_bytes, 100 * for_message_s, 1e-9);
  EXPECT_EQ(second.bytes_per_s, 2100);
  EXPECT_NEAR(link.send(vector, 7, message).budget_bytes, 2100 * for_message_s, 1e-9);
}

TEST(Training, SaysHowItEnded) {
  const Bandwidth bandwidth(links("constant"));
  Setting setting = setting_of(bandwidth);
  EXPECT_EQ(train_alone(setting, trial_of("ef21", 0.5, 1)).end, End::reached);
  EXPECT_EQ(train_alone(setting, trial_of("ef21", 1, 2.5)).end, End::diverged);
  EXPECT_EQ(train(World(), setting, trial_of("ef21", 0.5, 1), 1).end, End::too_long);
  setting.most_rounds = 3;
  const Outcome outcome = train_alone(setting, trial_of("ef21", 0.5, 1));
  EXPECT_EQ(outcome.end, End::too_long);
  EXPECT_EQ(outcome.rounds.size(), 3U);
}

}  // namespace
}  // namespace pliant::quadratic

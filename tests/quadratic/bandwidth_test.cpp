#include "apps/research/quadratic/bandwidth.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <numbers>

#include "core/error.hpp"
#include "tests/support/errors.hpp"

namespace pliant::quadratic {
namespace {

BandwidthOptions quiet(const std::string& shape) {
  return {.shape = shape,
          .eta = 1000,
          .delta = 100,
          .theta = std::numbers::pi / 8,
          .noise = 0,
          .slot_s = 1,
          .links = 3};
}

TEST(Bandwidth, ShapesAreTheirFormulas) {
  const Bandwidth sine(quiet("sine"));
  const Bandwidth step(quiet("step"));
  const Bandwidth constant(quiet("constant"));
  for (int t = 0; t < 32; ++t) {
    const double wave = std::sin(std::numbers::pi / 8 * t);
    EXPECT_NEAR(sine.at(0, t + 0.5), 1000 * wave * wave + 100, 1e-6) << "constant within a slot";
    EXPECT_EQ(step.at(0, t), t % 8 < 4 ? 100 : 1100);
    EXPECT_EQ(constant.at(0, t), 600);
  }
  EXPECT_EQ(sine.mean(), 600);
}

TEST(Bandwidth, SpreadLinksFollowOneAnother) {
  BandwidthOptions options = quiet("step");
  options.links = 4;
  options.spread = 1;
  const Bandwidth bandwidth(options);
  for (int t = 0; t < 16; ++t) EXPECT_EQ(bandwidth.at(2, t), bandwidth.at(0, t + 4));
}

TEST(Bandwidth, TransfersTakeWhatFitsIntoEachSlot) {
  const Bandwidth bandwidth(quiet("step"));
  EXPECT_DOUBLE_EQ(bandwidth.transfer_s(0, 0, 50), 0.5);
  EXPECT_DOUBLE_EQ(bandwidth.transfer_s(0, 0, 400), 4);
  EXPECT_DOUBLE_EQ(bandwidth.transfer_s(0, 0, 400 + 1100), 5);
  EXPECT_DOUBLE_EQ(bandwidth.transfer_s(0, 3.5, 50 + 550), 4.5);
  EXPECT_DOUBLE_EQ(bandwidth.transfer_s(0, 4, 4400 + 400 + 550), 12.5);
  EXPECT_DOUBLE_EQ(bandwidth.transfer_s(0, 7.25, 0), 7.25);
}

TEST(Bandwidth, TransfersOneAfterTheOtherAreOne) {
  BandwidthOptions options = quiet("sine");
  options.noise = 0.5;
  options.slot_s = 0.1;
  const Bandwidth bandwidth(options);
  double now_s = 0.03;
  for (int i = 0; i < 100; ++i) now_s = bandwidth.transfer_s(1, now_s, 77);
  EXPECT_NEAR(now_s, bandwidth.transfer_s(1, 0.03, 7700), 1e-9);
}

TEST(Bandwidth, NoiseHasItsSpreadAndDependsOnLinkSlotAndSeed) {
  BandwidthOptions options = quiet("constant");
  options.noise = 0.1;
  const Bandwidth bandwidth(options);
  double sum = 0;
  double squares = 0;
  constexpr int kSlots = 20000;
  for (int slot = 0; slot < kSlots; ++slot) {
    const double part = bandwidth.at(1, slot + 0.5) / 600 - 1;
    sum += part;
    squares += part * part;
  }
  EXPECT_NEAR(sum / kSlots, 0, 0.003);
  EXPECT_NEAR(std::sqrt(squares / kSlots), 0.1, 0.003);
  EXPECT_EQ(bandwidth.at(1, 5.1), bandwidth.at(1, 5.9));
  EXPECT_NE(bandwidth.at(1, 5), bandwidth.at(2, 5));
  options.seed = 2;
  EXPECT_NE(bandwidth.at(1, 5), Bandwidth(options).at(1, 5));
}

TEST(Bandwidth, NoiseLeavesALeastShare) {
  BandwidthOptions options = quiet("sine");
  options.noise = 5;
  const Bandwidth bandwidth(options);
  double least = 1e9;
  for (int slot = 0; slot < 1000; ++slot) least = std::min(least, bandwidth.at(0, slot));
  EXPECT_EQ(least, 600 * Bandwidth::kLeastShare);
}

class BandwidthFile : public testing::Test {
 protected:
  void TearDown() override { std::remove(path_.c_str()); }

  BandwidthOptions written(const std::string& text) const {
    std::ofstream(path_) << text;
    return quiet(path_);
  }

  void expect_refused(const std::string& text, const std::string& words) const {
    SCOPED_TRACE(text);
    const BandwidthOptions options = written(text);
    const std::string said = test::error_text(ErrorClass::argument, [&] { Bandwidth bandwidth(options); });
    EXPECT_NE(said.find(words), std::string::npos) << said;
  }

  std::string path_ = testing::TempDir() + "pliant_quadratic_bandwidth.txt";
};

TEST_F(BandwidthFile, HoldsUntilTheNextLine) {
  const Bandwidth bandwidth(written("# a comment\n0 100\n\n10 300 # faster\n20 200\n"));
  EXPECT_EQ(bandwidth.at(0, 9.9), 100);
  EXPECT_EQ(bandwidth.at(0, 10), 300);
  EXPECT_EQ(bandwidth.at(2, 1e6), 200);
  EXPECT_EQ(bandwidth.mean(), 200);
}

TEST_F(BandwidthFile, IsRefusedWhereItCannotBeMeant) {
  expect_refused("", "first line has time 0");
  expect_refused("1 100\n", "first line has time 0");
  expect_refused("0 100\n10\n", ":2: line = 10");
  expect_refused("0 100 7\n", "line = 0 100 7");
  expect_refused("0 -5\n", "must be > 0");
  expect_refused("0 100\n10 0\n", ":2: bandwidth = 10 0");
  expect_refused("0 100\n20 1\n10 1\n", ":3: time = 10 1");
  expect_refused("0 100\n0 1\n", "must rise");
}

TEST(Bandwidth, NamesWhatThereIs) {
  const auto said = test::error_text(ErrorClass::io, [] { Bandwidth bandwidth(quiet("/nowhere/sinus")); });
  EXPECT_NE(said.find("sine, step, constant"), std::string::npos) << said;
}

}  // namespace
}  // namespace pliant::quadratic

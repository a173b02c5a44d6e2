// Every mode, over many budgets: within the budget, above the floor, and as good as it claims.
#include "apps/research/quadratic/mode.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>
#include <string>

#include "apps/research/quadratic/estimate.hpp"
#include "tests/support/errors.hpp"

namespace pliant::quadratic {
namespace {

using Counts = std::vector<std::int64_t>;

const Counts kLayers = {0, 4, 70, 71, 200};
constexpr std::int64_t kCount = 200;

std::vector<float> skewed_change(unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> change(kCount);
  for (std::size_t i = 0; i < change.size(); ++i) change[i] = normal(random) * (i < 70 ? 10.0F : 0.3F);
  return change;
}

std::int64_t sum(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

/// Squared norm of the rest when each layer sends its kept[l] largest.
double squared_rest(const std::vector<float>& change, const Counts& kept) {
  double rest = 0;
  for (std::size_t l = 0; l < kept.size(); ++l) {
    std::vector<double> squares;
    for (auto i = kLayers[l]; i < kLayers[l + 1]; ++i)
      squares.push_back(std::pow(static_cast<double>(change[static_cast<std::size_t>(i)]), 2));
    std::ranges::sort(squares, std::greater<>());
    rest += std::accumulate(squares.begin() + kept[l], squares.end(), 0.0);
  }
  return rest;
}

class EveryMode : public testing::TestWithParam<const Mode*> {};

TEST_P(EveryMode, StaysWithinTheBudgetAndAboveTheFloor) {
  const std::vector<float> change = skewed_change(1);
  for (const double least : {1e-3, 0.05, 0.3}) {
    for (double budget = 0; budget < 1200; budget += 7) {
      const Offer offer{kLayers, change, budget, least};
      const Counts floor = floor_of(offer);
      const Counts kept = GetParam()->choose(offer);
      ASSERT_EQ(kept.size(), 4U);
      for (std::size_t l = 0; l < 4; ++l) {
        ASSERT_GE(kept[l], floor[l]) << budget;
        ASSERT_LE(kept[l], kLayers[l + 1] - kLayers[l]) << budget;
      }
      const bool fits = static_cast<double>(message_bytes_of(sum(kept), kCount)) <= budget;
      ASSERT_TRUE(fits || kept == floor) << "budget " << budget << ", kept " << sum(kept);
      const bool whole = budget >= static_cast<double>(whole_message_bytes(kCount));
      ASSERT_TRUE(!whole || sum(kept) == kCount);
    }
  }
}

/// Rounding to whole elements loses up to one per layer. The units of Kimad+ and its grid of two densities
/// per octave lose more.
TEST_P(EveryMode, UsesTheBudget) {
  const std::vector<float> change = skewed_change(2);
  const bool on_grid = GetParam() == &find_mode("kimad+");
  for (std::int64_t fits = 30; fits < 95; ++fits) {
    const Counts kept =
        GetParam()->choose({kLayers, change, static_cast<double>(message_bytes_of(fits, kCount)), 1e-3});
    EXPECT_GE(sum(kept), on_grid ? fits * 7 / 10 : fits - 4) << fits;
  }
}

TEST_P(EveryMode, SendsNothingButZerosWithoutHarm) {
  const std::vector<float> change(kCount);
  const Counts kept = GetParam()->choose({kLayers, change, 400, 1e-3});
  EXPECT_LE(message_bytes_of(sum(kept), kCount), 400);
}

INSTANTIATE_TEST_SUITE_P(Modes, EveryMode, testing::ValuesIn(modes().begin(), modes().end()),
                         [](const testing::TestParamInfo<const Mode*>& info) {
                           std::string name(info.param->name);
                           std::ranges::replace(name, '+', '_');
                           return name;
                         });

/// The theorem behind kimad_threshold: for top-k no allocation leaves less, so neither does Kimad+.
TEST(Modes, ThresholdLeavesTheLeastOfAll) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const std::vector<float> change = skewed_change(seed);
    for (const double budget : {140.0, 300.0, 500.0, 790.0}) {
      const Offer offer{kLayers, change, budget, 0.02};
      const double least = squared_rest(change, find_mode("kimad_threshold").choose(offer));
      EXPECT_LE(least, squared_rest(change, find_mode("kimad+").choose(offer)) * (1 + 1e-9));
      EXPECT_LE(least, squared_rest(change, find_mode("kimad").choose(offer)) * (1 + 1e-9));
    }
  }
}

TEST(Modes, ProgrammeLeavesLessThanOneDensity) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const std::vector<float> change = skewed_change(seed);
    const Offer offer{kLayers, change, 300, 0.02};
    EXPECT_LT(squared_rest(change, find_mode("kimad+").choose(offer)),
              0.7 * squared_rest(change, find_mode("kimad").choose(offer)));
  }
}

TEST(Modes, OneDensityIsOneDensity) {
  const std::vector<std::int64_t> layers = {0, 1000, 3000, 10000};
  const std::vector<float> change(10000, 1.0F);
  const Counts kept =
      find_mode("kimad").choose({layers, change, static_cast<double>(message_bytes_of(1000, 10000)), 1e-3});
  EXPECT_EQ(kept, (Counts{100, 200, 700}));
}

TEST(Modes, NamesWhatThereIs) {
  const std::string said = test::error_text(ErrorClass::argument, [] { find_mode("kimad++"); });
  EXPECT_NE(said.find("kimad+, kimad_threshold"), std::string::npos) << said;
}

}  // namespace
}  // namespace pliant::quadratic

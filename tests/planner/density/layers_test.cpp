// Kimad+: dynamic programming and the common threshold, against exhaustive search.
#include "planner/density/layers.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <numeric>

#include "tests/planner/density/gains.hpp"

namespace pliant {
namespace {

using Layers = std::vector<std::vector<LayerOption>>;

double total(const Layers& layers, const std::vector<std::size_t>& chosen, double LayerOption::*member) {
  double sum = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) sum += layers[i][chosen[i]].*member;
  return sum;
}

/// Least squared error of all choices within the budget; infinity if there is none.
double best_of_all(const Layers& layers, double budget_bytes) {
  double best = std::numeric_limits<double>::infinity();
  std::function<void(std::size_t, double, double)> go_on = [&](std::size_t i, double bytes, double error) {
    if (bytes > budget_bytes) return;
    if (i == layers.size()) {
      best = std::min(best, error);
      return;
    }
    for (const LayerOption& option : layers[i])
      go_on(i + 1, bytes + option.bytes, error + option.squared_error);
  };
  go_on(0, 0, 0);
  return best;
}

Layers random_layers(std::mt19937& random, std::size_t tensors) {
  Layers layers(tensors);
  for (auto& options : layers) {
    options.resize(1 + random() % 5);
    for (LayerOption& option : options) {
      option.bytes = static_cast<double>(random() % 50);
      option.squared_error = static_cast<double>(random() % 1000) / 7;
    }
  }
  return layers;
}

double shortest_bytes(const Layers& layers) {
  double sum = 0;
  for (const auto& options : layers)
    sum += std::min_element(options.begin(), options.end(), [](const auto& a, const auto& b) {
             return a.bytes < b.bytes;
           })->bytes;
  return sum;
}

void expect_adds_up(const Layers& layers, const LayerChoice& choice) {
  EXPECT_EQ(choice.bytes, total(layers, choice.chosen, &LayerOption::bytes));
  EXPECT_EQ(choice.squared_error, total(layers, choice.chosen, &LayerOption::squared_error));
}

TEST(ChooseLayers, IsTheBestOfAllWhereUnitsAreBytes) {
  std::mt19937 random(7);
  int infeasible = 0;
  for (int i = 0; i < 500; ++i) {
    SCOPED_TRACE(i);
    const Layers layers = random_layers(random, 1 + random() % 6);
    const double budget = static_cast<double>(random() % 200);
    const double left = budget - shortest_bytes(layers);
    const LayerChoice choice = choose_layers(layers, budget, left > 0 ? static_cast<int>(left) : 1);
    expect_adds_up(layers, choice);
    ASSERT_EQ(choice.feasible, left >= 0);
    if (!choice.feasible) {
      ++infeasible;
      EXPECT_EQ(choice.bytes, shortest_bytes(layers));
      continue;
    }
    EXPECT_LE(choice.bytes, budget);
    EXPECT_NEAR(choice.squared_error, best_of_all(layers, budget), 1e-9);
  }
  EXPECT_GT(infeasible, 20);
  EXPECT_LT(infeasible, 400);
}

TEST(ChooseLayers, RoundingLosesNoMoreThanTensorsOverUnitsOfTheBudget) {
  std::mt19937 random(8);
  int differ = 0;
  for (int i = 0; i < 300; ++i) {
    SCOPED_TRACE(i);
    const std::size_t tensors = 2 + random() % 5;
    const Layers layers = random_layers(random, tensors);
    const int units = 12 + static_cast<int>(random() % 20);
    const double budget = shortest_bytes(layers) + static_cast<double>(random() % 150);
    const LayerChoice choice = choose_layers(layers, budget, units);
    EXPECT_TRUE(choice.feasible);
    EXPECT_LE(choice.bytes, budget);
    const double lost = static_cast<double>(tensors) / units;
    EXPECT_LE(choice.squared_error, best_of_all(layers, budget * (1 - lost)) + 1e-9);
    EXPECT_GE(choice.squared_error, best_of_all(layers, budget) - 1e-9);
    if (choice.squared_error > best_of_all(layers, budget) + 1e-9) ++differ;
  }
  EXPECT_GT(differ, 0) << "these units round nothing";
}

TEST(ChooseLayers, OddBudgetsAreTakenAsTheyAre) {
  const Layers layers = {{{.bytes = 10, .squared_error = 1}, {.bytes = 5, .squared_error = 2}},
                         {{.bytes = 5, .squared_error = 4}, {.bytes = 5, .squared_error = 3}}};
  for (const double budget : {-1.0, 0.0, 9.99, std::numeric_limits<double>::quiet_NaN()}) {
    const LayerChoice choice = choose_layers(layers, budget);
    EXPECT_FALSE(choice.feasible) << budget;
    EXPECT_EQ(choice.bytes, 10);
    EXPECT_EQ(choice.squared_error, 5) << "of equally short ones the better";
  }
  EXPECT_TRUE(choose_layers(layers, 10).feasible);
  EXPECT_EQ(choose_layers(layers, 1e300).squared_error, 4);
  EXPECT_EQ(choose_layers(layers, std::numeric_limits<double>::infinity()).squared_error, 4);
  EXPECT_TRUE(choose_layers({}, 10).chosen.empty());
}

TEST(ChooseLayers, NeverExceedsTheBudgetOfManyTensors) {
  std::mt19937 random(9);
  for (int i = 0; i < 20; ++i) {
    const Layers layers = random_layers(random, 300);
    const double budget = shortest_bytes(layers) * (1 + 0.1 * i) + 0.3;
    const LayerChoice choice = choose_layers(layers, budget);
    EXPECT_LE(choice.bytes, budget);
    expect_adds_up(layers, choice);
  }
}

/// All ways to keep some number of each tensor's largest elements, 8 bytes each.
Layers every_k(const std::vector<std::vector<float>>& tensors) {
  Layers layers;
  for (std::vector<float> values : tensors) {
    std::sort(values.begin(), values.end(), [](float a, float b) { return std::abs(a) > std::abs(b); });
    std::vector<LayerOption> options;
    for (std::size_t k = 0; k <= values.size(); ++k) {
      double left_out = 0;
      for (std::size_t j = k; j < values.size(); ++j) left_out += static_cast<double>(values[j]) * values[j];
      options.push_back({.kept = static_cast<std::int64_t>(k),
                         .bytes = 8.0 * static_cast<double>(k),
                         .squared_error = left_out});
    }
    layers.push_back(std::move(options));
  }
  return layers;
}

/// A single top-k over all tensors leaves out the least, the theorem that grouped requests rely on.
TEST(OneThreshold, IsTheOptimumOfAllPerTensorK) {
  std::mt19937 random(10);
  for (int i = 0; i < 60; ++i) {
    SCOPED_TRACE(i);
    std::vector<std::vector<float>> tensors;
    std::vector<float> packed;
    for (std::size_t t = 0; t < 2 + random() % 3; ++t) {
      std::vector<float> values =
          test::gradient_of(1 + random() % 7, 1 + i % 3, static_cast<unsigned>(random()));
      const float scale = std::ldexp(1.0F, static_cast<int>(random() % 9) - 4);
      for (float& value : values) value *= scale;
      packed.insert(packed.end(), values.begin(), values.end());
      tensors.push_back(std::move(values));
    }
    std::sort(packed.begin(), packed.end(), [](float a, float b) { return std::abs(a) > std::abs(b); });
    const Layers layers = every_k(tensors);
    for (std::size_t k = 0; k <= packed.size(); ++k) {
      double left_out = 0;
      for (std::size_t j = k; j < packed.size(); ++j) left_out += static_cast<double>(packed[j]) * packed[j];
      const double budget = 8.0 * static_cast<double>(k);
      const double tolerance = 1e-12 * (1 + left_out);
      EXPECT_NEAR(left_out, best_of_all(layers, budget), tolerance);
      const int units = std::max(1, static_cast<int>(k));
      EXPECT_NEAR(left_out, choose_layers(layers, budget, units).squared_error, tolerance);
    }
  }
}

/// Real squared error of keeping the k largest with a codec.
double real_error(std::vector<float> values, std::int64_t kept, const ValueCodec& codec) {
  std::sort(values.begin(), values.end(), [](float a, float b) { return std::abs(a) > std::abs(b); });
  double error = 0;
  for (std::size_t j = static_cast<std::size_t>(kept); j < values.size(); ++j)
    error += static_cast<double>(values[j]) * values[j];
  values.resize(static_cast<std::size_t>(kept));
  std::shuffle(values.begin(), values.end(), std::mt19937(3));
  std::vector<std::byte> code(static_cast<std::size_t>(codec.bytes(kept)));
  codec.encode(values.data(), kept, code.data());
  for (const float rounding : values) error += static_cast<double>(rounding) * rounding;
  return error;
}

TEST(LayerOptions, AreWhatHappens) {
  constexpr std::array<double, 4> kDensities = {0.001, 0.01, 0.1, 1};
  for (const double power : {1.0, 2.0, 4.0}) {
    const std::vector<float> values = test::gradient_of(60'000, power);
    const auto options = layer_options(test::curve_of(values), {.densities = kDensities});
    ASSERT_EQ(options.size(), kDensities.size() * value_codecs().size());
    for (const LayerOption& option : options) {
      SCOPED_TRACE(std::string(option.codec->name) + ", k = " + std::to_string(option.kept));
      const double real = real_error(values, option.kept, *option.codec);
      EXPECT_NEAR(option.squared_error, real, 0.15 * real + 1e-9);
      EXPECT_EQ(option.bytes, predicted_message_bytes({60'000, option.kept}, raw_indices, option.codec));
    }
  }
}

/// Under one budget, several widths leave out less than float32 alone, and the search chooses narrow values.
TEST(LayerOptions, SeveralWidthsBeatOne) {
  constexpr std::array<double, 5> kDensities = {0.001, 0.003, 0.01, 0.03, 0.1};
  constexpr std::array<const ValueCodec*, 1> kFloat32 = {&float32_values};
  Layers one_width, all_widths;
  for (const double power : {1.0, 2.0, 4.0}) {
    const GainCurve curve = test::curve_of(test::gradient_of(20'000, power));
    one_width.push_back(layer_options(curve, {.densities = kDensities, .codecs = kFloat32}));
    all_widths.push_back(layer_options(curve, {.densities = kDensities}));
  }
  for (const double budget : {3'000.0, 8'000.0, 20'000.0}) {
    const LayerChoice narrow = choose_layers(all_widths, budget);
    EXPECT_LT(narrow.squared_error, choose_layers(one_width, budget).squared_error) << budget;
    EXPECT_LE(narrow.bytes, budget);
  }
}

}  // namespace
}  // namespace pliant

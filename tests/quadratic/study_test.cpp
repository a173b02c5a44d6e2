#include "apps/research/quadratic/study.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/research/quadratic/output.hpp"

namespace pliant::quadratic {
namespace {

class SmallStudy : public testing::Test {
 protected:
  Problem problem_{{.workers = 2, .dimension = 100, .layers = 2, .condition = 5, .layer_skew = 4}};
  Bandwidth bandwidth_{{.eta = 1000, .delta = 50, .theta = 0.2, .slot_s = 0.5, .links = 3}};
  Setting setting_{.problem = problem_, .bandwidth = bandwidth_, .compute_s = 0.3, .target = 1e-2};
  Grid grid_{
      .modes = {&find_mode("ef21"), &find_mode("kimad")}, .densities = {1, 0.3, 0.1}, .steps = {1.8, 1, 0.5}};
};

TEST_F(SmallStudy, FindsTheQuickestTrialOfAll) {
  for (const ModeResult& result : study(World(), setting_, grid_)) {
    double quickest_s = 1e9;
    for (const double density : grid_.densities)
      for (const double step : grid_.steps) {
        const Outcome outcome = train(World(), setting_, {result.mode, density, step}, setting_.most_s);
        if (outcome.end == End::reached) quickest_s = std::min(quickest_s, outcome.seconds());
      }
    ASSERT_EQ(result.best.end, End::reached);
    EXPECT_EQ(result.best.seconds(), quickest_s);
    ASSERT_EQ(result.findings.size(), 3U);
    double found_s = 1e9;
    for (const Finding& finding : result.findings)
      if (finding.end == End::reached) found_s = std::min(found_s, finding.seconds);
    EXPECT_EQ(found_s, quickest_s);
  }
}

TEST_F(SmallStudy, OutputIsWhatWasFound) {
  const std::vector<ModeResult> results = study(World(), setting_, grid_);
  const auto json = nlohmann::json::parse(json_of(setting_, results));
  EXPECT_EQ(best_fixed(results), &results[0]);
  EXPECT_EQ(json["best_fixed"], "ef21");
  EXPECT_EQ(json["modes"][0]["speed_up"], 1);
  EXPECT_EQ(json["modes"][1]["speed_up"], results[0].best.seconds() / results[1].best.seconds());
  EXPECT_EQ(json["modes"][1]["round_s"], round_s(setting_, results[1].best.trial));
  std::int64_t bytes = 0;
  for (const Round& round : results[1].best.rounds) bytes += round.bytes_up;
  EXPECT_EQ(json["modes"][1]["bytes_up"], bytes);
  std::ostringstream csv;
  write_csv(csv, results);
  const std::string rows = csv.str();
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(rows, '\n')),
            1 + results[0].best.rounds.size() + results[1].best.rounds.size());
}

TEST_F(SmallStudy, ATargetNobodyReachesIsNoResult) {
  setting_.most_rounds = 2;
  const std::vector<ModeResult> results = study(World(), setting_, grid_);
  EXPECT_EQ(best_fixed(results), nullptr);
  const auto json = nlohmann::json::parse(json_of(setting_, results));
  EXPECT_TRUE(json["best_fixed"].is_null());
  for (const auto& mode : json["modes"]) {
    EXPECT_EQ(mode["end"], "too long");
    EXPECT_TRUE(mode["seconds"].is_null());
    EXPECT_TRUE(mode["speed_up"].is_null());
  }
}

}  // namespace
}  // namespace pliant::quadratic

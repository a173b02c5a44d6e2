// pareto: its bisection finds the result of trying every k.
#include <gtest/gtest.h>

#include "compress/topk.hpp"
#include "planner/density/policy.hpp"
#include "tests/planner/density/gains.hpp"

namespace pliant {
namespace {

struct Case {
  AllreduceShape shape;
  CostModel model = test::kModel;
  GainModel gain = {};
  Settings settings = test::usual_settings();
};

template <class Act>
auto with_input(const Case& item, bool known, Act&& act) {
  const AlgorithmFilter filter;
  return act(ChoiceInput{.settings = item.settings,
                         .filter = filter,
                         .shape = item.shape,
                         .model = &item.model,
                         .gain = known ? &item.gain : nullptr});
}

std::int64_t pareto(const Case& item, bool known = true) {
  return with_input(item, known, [](const ChoiceInput& input) {
    const PolicyDecision decision = pareto_policy.decide(input);
    EXPECT_TRUE(decision.lossy);
    EXPECT_TRUE(decision.feasible);
    return decision.kept;
  });
}

/// max(0.6 nF1, 0.4 nF2) of every k of the range, implemented independently: [k - least].
std::vector<double> objectives(const Case& item) {
  return with_input(item, true, [&](const ChoiceInput& input) {
    const std::int64_t least = kept_count(item.shape.count, 0.001);
    const std::int64_t most = kept_count(item.shape.count, 0.1);
    const double fastest = lossy_s(input, least), slowest = lossy_s(input, most);
    const double best = 1 / item.gain.at(most), worst = 1 / item.gain.at(least);
    std::vector<double> all;
    for (std::int64_t k = least; k <= most; ++k) {
      const double time = (lossy_s(input, k) - fastest) / (slowest - fastest);
      const double lost = (1 / item.gain.at(k) - best) / (worst - best);
      all.push_back(std::max(0.6 * time, 0.4 * lost));
    }
    return all;
  });
}

TEST(Pareto, IsTheBestOfEveryK) {
  for (const double power : {1.0, 2.0, 4.0})
    for (const int ranks : {2, 5, 8, 64})
      for (const double slower : {0.1, 1.0, 100.0}) {
        SCOPED_TRACE(testing::Message() << power << " " << ranks << " ranks, links " << slower);
        Case item{.shape = {{.ranks = ranks}, {.count = 20'000}}, .gain = test::model_of(20'000, power)};
        item.model.link.alpha_s *= slower;
        item.model.link.beta_s_per_byte *= slower;
        const std::vector<double> all = objectives(item);
        const double best = *std::min_element(all.begin(), all.end());
        const std::int64_t least = kept_count(20'000, 0.001);
        EXPECT_NEAR(all[static_cast<std::size_t>(pareto(item) - least)], best, 1e-9);
      }
}

TEST(Pareto, StaysInThePapersRange) {
  for (const double power : {0.1, 1.0, 8.0}) {
    const Case item{.shape = {{.ranks = 8}, {.count = 5'000'000}}, .gain = test::model_of(5'000'000, power)};
    EXPECT_GE(pareto(item), 5'000);
    EXPECT_LE(pareto(item), 500'000);
  }
}

TEST(Pareto, BeforeTheGainIsKnownItIsTheUsersDensity) {
  Case item{.shape = {{.ranks = 4}, {.count = 100'000}}};
  EXPECT_EQ(pareto(item, /*known=*/false), 1'000);
  item.settings.density = 1e-9;
  EXPECT_EQ(pareto(item, false), 10) << "not below the least there is";
}

TEST(Pareto, WhereTimeDoesNotMatterGainDecidesAndTheOtherWayRound) {
  Case item{.shape = {{.ranks = 4}, {.count = 100'000}}, .model = {}, .gain = test::model_of(100'000, 2)};
  EXPECT_EQ(pareto(item), 10'000) << "every k takes the same time";
  item.model = test::kModel;
  std::array<double, GainModel::kPoints> same{};
  same.fill(0.5);
  item.gain = GainModel(same, 100'000);
  EXPECT_EQ(pareto(item), 100) << "every k has the same gain";
}

TEST(Pareto, ShortTensorsHaveOneK) {
  for (const std::int64_t count : {1, 2, 9}) {
    const Case item{.shape = {{.ranks = 3}, {.count = count}}, .gain = test::model_of(count, 1)};
    EXPECT_EQ(pareto(item), 1);
  }
}

TEST(Pareto, Ef21ContractsEnough) {
  Case item{.shape = {{.ranks = 4}, {.count = 1'000'000}}, .gain = test::model_of(1'000'000, 9)};
  item.settings.error_feedback = "ef21";
  EXPECT_GE(pareto(item), 1'000);
  item.settings.density = 1e-5;
  EXPECT_EQ(pareto(item, /*known=*/false), 1'000);
}

}  // namespace
}  // namespace pliant

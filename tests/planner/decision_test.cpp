// What a call site remembers of its last decision (planner/decision.hpp).
#include "planner/decision.hpp"

#include <gtest/gtest.h>

#include "planner/density/policy.hpp"
#include "planner/plan.hpp"

namespace pliant {
namespace {

Plan plan_of(SettingLayer info) {
  return make_plan({.info = std::move(info), .environment = {}});
}

/// A network on which latency alone counts, or transfer alone.
CostModel model_of(double alpha_s, double beta_s_per_byte) {
  return {.link = {.alpha_s = alpha_s, .beta_s_per_byte = beta_s_per_byte},
          .compute = {.gamma_s_per_byte = 1e-10, .select_s_per_element = 1e-9}};
}

class RememberedDecisionTest : public ::testing::Test {
 protected:
  ChoiceInput input_of(const Plan& plan, std::int64_t count) const {
    const AllreduceShape shape{{.ranks = 8, .hosts = 8}, {.count = count}, {.kept = count}};
    return plan.choice_input(shape, slow_start_, false);
  }

  const CostModel slow_start_ = model_of(1e-3, 1e-12);
  const CostModel slow_link_ = model_of(1e-9, 1e-6);
  RememberedDecision remembered_;
};

TEST_F(RememberedDecisionTest, IsThatOfDecide) {
  const Plan plan = plan_of({});
  for (const std::int64_t count : {1, 1000, 1'000'000}) {
    const ChoiceInput input = input_of(plan, count);
    const Decision expected = decide(input);
    const Decision& got = remembered_.decide(input);
    EXPECT_EQ(got.algorithm, expected.algorithm) << count;
    EXPECT_EQ(got.predicted_s, expected.predicted_s) << count;
    EXPECT_EQ(got.shape, tuned_for(*expected.algorithm, input.shape, slow_start_)) << count;
  }
}

TEST_F(RememberedDecisionTest, HoldsUntilForgotten) {
  const Plan plan = plan_of({});
  ChoiceInput input = input_of(plan, 1'000'000);
  const AllreduceAlgorithm* const before = remembered_.decide(input).algorithm;
  input.model = &slow_link_;
  ASSERT_NE(decide(input).algorithm, before) << "the test needs networks with different answers";
  EXPECT_EQ(remembered_.decide(input).algorithm, before);
  remembered_.forget();
  EXPECT_EQ(remembered_.decide(input).algorithm, decide(input).algorithm);
}

TEST_F(RememberedDecisionTest, OtherInputIsDecidedAnew) {
  const Plan plan = plan_of({{"pliant_mode", "topk"}, {"pliant_density", "0.01"}, {"pliant_min_bytes", "0"}});
  ChoiceInput input = input_of(plan, 1'000'000);
  input.model = &slow_link_;
  ASSERT_TRUE(remembered_.decide(input).algorithm->exact);
  input.may_lose = true;
  EXPECT_FALSE(remembered_.decide(input).algorithm->exact);
  EXPECT_EQ(remembered_.decide(input).kept, 10'000);
  input.shape.count = input.shape.kept = 2'000'000;
  EXPECT_EQ(remembered_.decide(input).kept, 20'000);
}

TEST_F(RememberedDecisionTest, AnAdaptivePolicyIsAskedAtEachCall) {
  const Plan plan = plan_of({{"pliant_mode", "topk"},
                             {"pliant_policy", "budget"},
                             {"pliant_time_budget_us", "200000"},
                             {"pliant_min_bytes", "0"}});
  ChoiceInput input = input_of(plan, 1'000'000);
  input.model = &slow_link_;
  input.may_lose = true;
  const std::int64_t before = remembered_.decide(input).kept;
  input.compute_s = 0.1;
  const std::int64_t after = remembered_.decide(input).kept;
  EXPECT_LT(after, before);
  EXPECT_EQ(after, decide(input).kept);
}

}  // namespace
}  // namespace pliant

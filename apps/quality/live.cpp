#include "apps/quality/live.hpp"

namespace pliant::quality {
namespace {

Plan budget_plan(double time_s) {
  Plan plan;
  plan.settings.topk = true;
  plan.settings.policy = budget_policy.name;
  plan.settings.time_budget_s = time_s;
  plan.settings.error_feedback = "ef14";
  plan.policy = &budget_policy;
  plan.by_quality = true;
  return plan;
}

}  // namespace

Live::Live(const LiveOptions& options, std::int64_t count)
    : options_(options),
      plan_(budget_plan(options.time_s)),
      model_(model_of(options.network)),
      shape_{.ranks = options.network.ranks, .count = count, .index_codec = nullptr} {}

Worth Live::worth() const {
  Worth worth = memory_.worth(shape_);
  for (std::size_t i = 0; i < worth.ranks.size(); ++i) {
    worth.ranks[i] *= options_.factors[i];
    worth.hosts[i] *= options_.factors[i];
  }
  return worth;
}

Decision Live::decided(Family only_family, const Worth& worth) {
  return decide({.plan = plan_,
                 .shape = shape_,
                 .may_lose = true,
                 .model = model_,
                 .memo = &memo_,
                 .worth = &worth,
                 .only_family = only_family,
                 .resumable = true,
                 .outstanding = step_ > 1});
}

StepPlan Live::next() {
  ++step_;
  const Worth priced = worth();
  Family tried = memory_.tried();
  Decision decision = decided(tried, priced);
  if (options_.calibrates && memory_.ends_trial(decision.by_quality, decision.candidates.all())) {
    tried = Family::exact;
    decision = decided(tried, priced);
  }
  algorithm_ = decision.algorithm;
  last_ = {algorithm_->family, decision.kept, decision.predicted_s};
  count_step(tried);
  sample_s_ = 0;
  if (options_.calibrates && !algorithm_->exact) {
    const double cost_s = sample_carrier(sampled_shape(shape_), model_).predicted_s;
    if (memory_.wants_sample(cost_s)) sample_s_ = cost_s;
  }
  return {{last_.family, last_.kept}, sample_s_ > 0};
}

void Live::end(double sampled_staleness) {
  if (sample_s_ > 0) {
    memory_.sample(sampled_staleness, sample_s_, shape_);
    ++samples_;
  }
  memory_.note(last_);
}

void Live::count_step(Family tried) {
  ++steps_[static_cast<std::size_t>(last_.family)];
  if (tried == Family::exact) return;
  const bool goes_on = !trials_.empty() && trials_.back().family == tried &&
                       trials_.back().first + trials_.back().steps == step_;
  if (!goes_on) trials_.push_back({tried, step_, 0});
  ++trials_.back().steps;
}

}  // namespace pliant::quality

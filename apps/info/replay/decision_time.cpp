#include "apps/info/replay/decision_time.hpp"

#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>

#include "api/learning.hpp"
#include "api/operation.hpp"
#include "api/quality.hpp"
#include "collectives/sparse/messages.hpp"
#include "core/stats.hpp"

namespace pliant::info {
namespace {

constexpr CostModel kModel{.link = {.alpha_s = 1e-3, .beta_s_per_byte = 8e-8, .gap_s = 2e-6},
                           .compute = {.gamma_s_per_byte = 0.1e-9,
                                       .select_s_per_element = 1e-9,
                                       .apply_s_per_element = 0.1e-9,
                                       .pair_s_per_element = 2e-9,
                                       .drain_s_per_element = 0.5e-9,
                                       .codec_s_per_index = {1e-9, 2e-9, 4e-9, 10e-9}}};
constexpr double kComputing_s = 0.05;
constexpr double kMoves = 0.01;  // of itself a step: computing time, gain
constexpr int kWarm = 20;        // steps that do not count
constexpr double kUs = 1e6;

struct Kind {
  const char* name;
  SettingLayer settings;
};

std::vector<Kind> kinds() {
  std::vector<Kind> all = {{"exact", {{"pliant_mode", "exact"}}}};
  for (const char* policy : {"fixed", "budget", "pareto", "goodput"})
    all.push_back(
        {policy, {{"pliant_mode", "topk"}, {"pliant_policy", policy}, {"pliant_time_budget_us", "200000"}}});
  return all;
}

/// Gain of the largest elements, rising with the density as of a gradient with heavy tails.
GainModel gain_of(std::int64_t count, double exponent) {
  GainModel points(std::array<double, GainModel::kPoints>{}, count);
  std::array<double, GainModel::kPoints> gains{};
  for (std::size_t i = 0; i < gains.size(); ++i)
    gains[i] = std::pow(static_cast<double>(points.kept(i)) / static_cast<double>(count), exponent);
  return GainModel(gains, count);
}

/// Each rank on a host of its own.
std::vector<int> places_of(int ranks) {
  std::vector<int> places(static_cast<std::size_t>(ranks));
  std::iota(places.begin(), places.end(), 0);
  return places;
}

/// [s] that this thread has had a processor. Others of the machine do not count.
double processor_s() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Median time to copy 16 KiB.
double copy_us() {
  constexpr std::size_t kBytes = 16384;
  constexpr int kCopies = 2001;
  std::vector<char> from(kBytes, 'a'), to(kBytes);
  std::vector<double> times_us;
  for (int i = 0; i < kCopies; ++i) {
    const double begin_s = processor_s();
    std::memcpy(to.data(), from.data(), kBytes);
    times_us.push_back((processor_s() - begin_s) * kUs);
    from[static_cast<std::size_t>(i)] = to[static_cast<std::size_t>(2 * i)];
  }
  return median(times_us);
}

/// A tensor, and what its gradient is like now.
struct Tensor {
  TensorState state;
  double exponent = 0.25;
  double drifted = 1;  ///< gain / that of the model agreed on
};

class Training {
 public:
  Training(const Kind& kind, const DecisionOptions& options)
      : options_(options),
        layout_(places_of(options.ranks)),
        random_(options.seed),
        plan_(make_plan({kind.settings, {}})) {
    row_.call = kind.name;
    std::uniform_real_distribution<double> decades(3, 8);
    for (int i = 0; i < options.tensors; ++i) {
      tensors_.push_back(std::make_unique<Tensor>());
      tensors_.back()->state.count = std::llround(std::pow(10, decades(random_)));
    }
  }

  DecisionRow run() {
    for (int step = 0; step < kWarm + options_.steps; ++step) {
      counts_ = step >= kWarm;
      computing_s_ *= std::exp(kMoves * normal());
      for (const auto& tensor : tensors_) call(*tensor);
    }
    const double calls = static_cast<double>(times_us_.size());
    row_.mean_us = std::accumulate(times_us_.begin(), times_us_.end(), 0.0) / calls;
    row_.median_us = median(times_us_);
    row_.p99_us = quantile(times_us_, 0.99);
    row_.meetings = static_cast<double>(meetings_) / calls;
    row_.meeting_us = meetings_ > 0 ? meeting_us_ / static_cast<double>(meetings_) : 0;
    row_.anew_us = anew_us();
    row_.of_operation = row_.mean_us * calls / kUs / operations_s_;
    return row_;
  }

 private:
  double normal() { return std::normal_distribution<double>()(random_); }
  bool adapts() const { return plan_.policy->adapts && plan_.settings.topk; }

  Operation operation_of(Tensor& tensor) const {
    return {plan_,         &tensor.state, nullptr, nullptr, tensor.state.count, ElementType::float32,
            ReduceOp::sum, false};
  }

  DecisionInput input_of(Tensor& tensor, const AllreduceShape& shape, const Worth* worth) {
    PolicyMemory& policy = tensor.state.policy;
    const bool lossy = lossy_eligible(plan_, shape, ReduceOp::sum);
    return {.plan = plan_,
            .shape = shape,
            .may_lose = lossy,
            .model = kModel,
            .compute_s = adapts() ? computing_s_ : 0,
            .margin = policy.margin.factor(),
            .gain = adapts() && policy.fingerprint != 0 ? &policy.agreed : nullptr,
            .memo = &policy.memo,
            .worth = plan_.by_quality && lossy ? worth : nullptr,
            .only_family = lossy ? tried_family(operation_of(tensor)) : Family::exact,
            .resumable = true};
  }

  /// What rank 0 does for a meeting, and what all find in its word.
  void meet(Lane& lane, const DecisionInput& input) {
    const double begin_s = processor_s();
    if (lane.sampled != nullptr) learner_.learn(*lane.sampled, lane.shape, lane.sample_s, lane.calls);
    const Decision decision = decide_at_meeting(input, learner_);
    AllreduceShape shape = input.shape;
    shape.kept = decision.lossy_kept > 0 ? decision.lossy_kept : decision.kept;
    const Choice choice = learner_.choose(decision.candidates.all(), shape, lane.calls);
    const Candidate& taken = decision.candidates.items[choice.index];
    shape.kept = taken.kept;
    const auto place =
        std::find(kAlgorithms.begin(), kAlgorithms.end(), taken.algorithm) - kAlgorithms.begin();
    lane.algorithm = taken.algorithm;
    lane.correction = learner_.corrections().of(static_cast<std::size_t>(place), shape).factor;
    lane.link = learner_.model().link;
    const bool asks = learner_.wanted_message(shape.ranks).has_value();
    const bool trial = choice.why == Why::tries || choice.why == Why::explores;
    lane.calls_left = asks || trial
                          ? 0
                          : calls_between(taken, lane.link, shape.ranks,
                                          {.had = lane.meetings, .alarm = learner_.drift().level()});
    lane.calls = lane.calls_left + 1;
    lane.kept.valid = false;
    ++lane.meetings;
    if (!counts_) return;
    meeting_us_ += (processor_s() - begin_s) * kUs;
    ++meetings_;
  }

  Decision decide_once(Tensor& tensor, Lane* lane, DecisionInput input, bool& met) {
    CostModel model = kModel;
    if (lane != nullptr) {
      met = lane->calls_left-- <= 0;
      if (met) meet(*lane, input);
      model = model_of(*lane, model);
    }
    DecisionInput now{input.plan,      input.shape,       input.may_lose, model,
                      input.compute_s, input.margin,      input.gain,     input.memo,
                      input.worth,     input.only_family, input.resumable};
    const auto decided = [&] { return lane != nullptr ? decide_in(*lane, now) : decide_without(now); };
    Decision decision = decided();
    if (ends_trial(operation_of(tensor), decision)) {
      now.only_family = Family::exact;
      decision = decided();
    }
    if (input.may_lose) sample_before(operation_of(tensor), decision, input.shape, model);
    return decision;
  }

  static Decision decide_without(const DecisionInput& input) {
    Decision decision = decide(input);
    AllreduceShape shape = input.shape;
    shape.kept = decision.kept;
    decision.shape = tuned_for(*decision.algorithm, shape, input.model);
    return decision;
  }

  void call(Tensor& tensor) {
    TensorState& state = tensor.state;
    const AllreduceShape shape = plan_.shape(layout_, state.count, ElementType::float32);
    Lane* const lane = shape.bytes() > kMeasureBytes ? &state.lane : nullptr;
    bool met = false;
    const double begin_s = processor_s();
    const Worth worth = adapts() ? state.quality.worth(shape) : usual_worth(shape);
    const DecisionInput input = input_of(tensor, shape, &worth);
    const Decision decision = decide_once(tensor, lane, input, met);
    const double time_us = (processor_s() - begin_s) * kUs;
    if (counts_) {
      times_us_.push_back(time_us);
      operations_s_ += decision.predicted_s;
    }
    happen(tensor, decision, lane, met);
  }

  /// The operation, and what is seen of it.
  void happen(Tensor& tensor, const Decision& decision, Lane* lane, bool met) {
    const double measured_s =
        decision.algorithm->cost_s(decision.shape, kModel) * std::exp(options_.noise * normal());
    if (lane != nullptr && met) {
      lane->sampled = decision.algorithm;
      lane->shape = decision.shape;
      lane->sample_s = measured_s;
    }
    if (!adapts() || decision.algorithm->exact) return;
    TensorState& state = tensor.state;
    state.quality.note({decision.algorithm->family, decision.kept, decision.predicted_s});
    state.policy.margin.add(measured_s, decision.formula_s);
    tensor.drifted *= std::exp(kMoves * normal());
    ++state.policy.since_count;
    if (state.policy.fingerprint != 0 && !state.policy.is_count_due(tensor.drifted, state.policy.since_count))
      return;
    tensor.exponent = std::clamp(tensor.exponent / tensor.drifted, 0.1, 0.5);
    tensor.drifted = 1;
    state.policy.agree(gain_of(state.count, tensor.exponent).gains(), state.count);
    state.policy.since_count = 0;
  }

  /// Mean of decisions for which nothing is remembered.
  double anew_us() {
    const double begin_s = processor_s();
    for (const auto& tensor : tensors_) {
      const AllreduceShape shape = plan_.shape(layout_, tensor->state.count, ElementType::float32);
      const Worth worth = usual_worth(shape);
      tensor->state.policy.memo = {};
      decide(input_of(*tensor, shape, &worth));
    }
    return (processor_s() - begin_s) * kUs / static_cast<double>(tensors_.size());
  }

  const DecisionOptions& options_;
  HostLayout layout_;
  std::mt19937_64 random_;
  Plan plan_;
  Learner learner_{kModel};
  std::vector<std::unique_ptr<Tensor>> tensors_;
  double computing_s_ = kComputing_s;
  bool counts_ = false;
  std::vector<double> times_us_;
  double meeting_us_ = 0, operations_s_ = 0;
  std::int64_t meetings_ = 0;
  DecisionRow row_;
};

}  // namespace

DecisionTimes decision_times(const DecisionOptions& options) {
  DecisionTimes times{.copy_us = copy_us(), .rows = {}};
  for (const Kind& kind : kinds()) times.rows.push_back(Training(kind, options).run());
  return times;
}

}  // namespace pliant::info

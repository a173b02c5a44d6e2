#include "apps/info/replay/decision_time.hpp"

#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>

#include "collectives/sparse/messages.hpp"
#include "core/stats.hpp"
#include "planner/sync_round.hpp"

namespace pliant::info {
namespace {

constexpr CostModel kModel{.link = {.alpha_s = 1e-3, .beta_s_per_byte = 8e-8, .gap_s = 2e-6},
                           .compute = {.gamma_s_per_byte = 0.1e-9,
                                       .select_s_per_element = 1e-9,
                                       .apply_s_per_element = 0.1e-9,
                                       .pair_s_per_element = 2e-9,
                                       .drain_s_per_element = 0.5e-9,
                                       .codec_s_per_index = {1e-9, 4e-9, 10e-9}}};
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

/// Gain of the largest elements. It rises with the density as for a gradient with heavy tails.
GainModel gain_of(std::int64_t count, double exponent) {
  GainModel points(std::array<double, GainModel::kPoints>{}, count);
  std::array<double, GainModel::kPoints> gains{};
  for (std::size_t i = 0; i < gains.size(); ++i)
    gains[i] = std::pow(static_cast<double>(points.kept(i)) / static_cast<double>(count), exponent);
  return GainModel(gains, count);
}

/// The host of each rank: each has one of its own.
std::vector<int> places_of(int ranks) {
  std::vector<int> places(static_cast<std::size_t>(ranks));
  std::iota(places.begin(), places.end(), 0);
  return places;
}

/// [s] processor time of this thread. Time of other processes on the machine does not count.
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

/// A tensor, and the present state of its gradient.
struct Tensor {
  std::int64_t count = 0;  ///< elements
  PolicyMemory policy;
  RememberedDecision decision;
  SyncState sync;
  double exponent = 0.25;
  double drifted = 1;  ///< gain / gain in the model that the ranks agreed on
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
      tensors_.back()->count = std::llround(std::pow(10, decades(random_)));
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
    row_.rounds = static_cast<double>(rounds_) / calls;
    row_.round_us = rounds_ > 0 ? round_us_ / static_cast<double>(rounds_) : 0;
    row_.anew_us = anew_us();
    row_.of_operation = row_.mean_us * calls / kUs / operations_s_;
    return row_;
  }

 private:
  double normal() { return std::normal_distribution<double>()(random_); }
  bool adapts() const { return plan_.policy->adapts && plan_.settings.topk; }

  ChoiceInput input_of(Tensor& tensor, const AllreduceShape& shape) {
    PolicyMemory& policy = tensor.policy;
    ChoiceInput input = plan_.choice_input(shape, kModel, lossy_eligible(plan_, shape, ReduceOp::sum));
    input.compute_s = adapts() ? computing_s_ : 0;
    input.margin = policy.margin.factor();
    input.gain = adapts() && policy.fingerprint != 0 ? &policy.agreed : nullptr;
    input.resumable = true;
    input.memo = &policy.memo;
    return input;
  }

  /// Rank 0's work for a sync round, and the record that all ranks receive.
  void hold_sync_round(Tensor& tensor, const ChoiceInput& input) {
    const double begin_s = processor_s();
    SyncState& sync = tensor.sync;
    if (sync.sampled != nullptr) learner_.learn(*sync.sampled, sync.shape, sync.sample_s, sync.calls);
    take(sync, propose(sync, input, learner_).record, kModel);
    tensor.decision.forget();
    if (!counts_) return;
    round_us_ += (processor_s() - begin_s) * kUs;
    ++rounds_;
  }

  /// `met`: out: a sync round was held; none is held for short calls.
  Decision decide_once(Tensor& tensor, ChoiceInput input, bool& met) {
    CostModel model = kModel;
    if (input.shape.bytes() > kMeasureBytes) {
      met = tensor.sync.calls_left-- <= 0;
      if (met) hold_sync_round(tensor, input);
      put_in_force(tensor.sync, input, model);
    }
    return tensor.decision.decide(input);
  }

  void call(Tensor& tensor) {
    const AllreduceShape shape = plan_.shape(layout_, tensor.count, ElementType::float32);
    bool met = false;
    const double begin_s = processor_s();
    const ChoiceInput input = input_of(tensor, shape);
    const Decision decision = decide_once(tensor, input, met);
    const double time_us = (processor_s() - begin_s) * kUs;
    if (counts_) {
      times_us_.push_back(time_us);
      operations_s_ += decision.predicted_s;
    }
    happen(tensor, decision, met);
  }

  /// Simulates the operation and what its timing teaches.
  void happen(Tensor& tensor, const Decision& decision, bool met) {
    const double measured_s =
        decision.algorithm->cost_s(decision.shape, kModel) * std::exp(options_.noise * normal());
    if (met) {
      tensor.sync.sampled = decision.algorithm;
      tensor.sync.shape = decision.shape;
      tensor.sync.sample_s = measured_s;
    }
    if (!adapts() || decision.algorithm->exact) return;
    PolicyMemory& policy = tensor.policy;
    policy.margin.add(measured_s, decision.formula_s);
    tensor.drifted *= std::exp(kMoves * normal());
    ++policy.since_count;
    if (policy.fingerprint != 0 && !policy.is_count_due(tensor.drifted, policy.since_count)) return;
    tensor.exponent = std::clamp(tensor.exponent / tensor.drifted, 0.1, 0.5);
    tensor.drifted = 1;
    policy.agree(gain_of(tensor.count, tensor.exponent).gains(), tensor.count);
    policy.since_count = 0;
  }

  /// [us] mean decision time when nothing is remembered.
  double anew_us() {
    const double begin_s = processor_s();
    for (const auto& tensor : tensors_) {
      const AllreduceShape shape = plan_.shape(layout_, tensor->count, ElementType::float32);
      tensor->policy.memo = {};
      decide(input_of(*tensor, shape));
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
  double round_us_ = 0, operations_s_ = 0;
  std::int64_t rounds_ = 0;
  DecisionRow row_;
};

}  // namespace

DecisionTimes decision_times(const DecisionOptions& options) {
  DecisionTimes times{.copy_us = copy_us(), .rows = {}};
  for (const Kind& kind : kinds()) times.rows.push_back(Training(kind, options).run());
  return times;
}

}  // namespace pliant::info

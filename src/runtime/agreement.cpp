#include "runtime/agreement.hpp"

#include <array>
#include <span>

#include "collectives/exchange.hpp"

namespace pliant {
namespace {

/// Ranks agree on the maximum of each value, so a minimum is sent negated.
enum Value : std::size_t {
  kComputeS,
  kStep,
  kNotReady,
  kOutstanding,
  kNotRoomy,
  kPlace,
  kMinusPlace,
  kForAll,  ///< number of values that every policy needs; the rest is for adaptive ones
  kMargin = kForAll,
  kFingerprint,
  kMinusFingerprint,
  kFresh,
  kNotCounted,
  kMinusAchieved,
  kSinceCount,
  kValues
};
using Values = std::array<double, kValues>;

bool wants_gain(const Plan& plan) {
  return plan.policy->adapts && (plan.policy->needs_gain || plan.settings.min_gain > 0);
}

void add_policy(Values& values, const TensorState* tensor) {
  values[kNotCounted] = 1;
  if (tensor == nullptr) return;
  const PolicyMemory& memory = tensor->policy;
  values[kMargin] = memory.margin.factor();
  values[kFingerprint] = memory.fingerprint;
  values[kMinusFingerprint] = -memory.fingerprint;
  values[kFresh] = memory.fresh ? 1 : 0;
  values[kNotCounted] = memory.counted ? 0 : 1;
  values[kMinusAchieved] = -memory.achieved;
  values[kSinceCount] = static_cast<double>(memory.since_count);
}

/// Keeps the gain model if all ranks hold the same one. Otherwise they make a new one from their last counts.
Task agree_on_gain(AllreduceCall& call, PolicyMemory& memory, const Values& values, ChoiceInput& input,
                   Agreement& agreed) {
  if (values[kNotCounted] != 0) {
    agreed.count_gain = true;
    co_return;
  }
  if (values[kFresh] != 0 || values[kFingerprint] != -values[kMinusFingerprint]) {
    std::array<double, GainModel::kPoints> gains{};
    for (std::size_t i = 0; i < gains.size(); ++i) gains[i] = -memory.own.gains()[i];
    co_await agree_max(call, gains);
    for (double& gain : gains) gain = -gain;
    memory.agree(gains, call.shape.count);
  }
  input.gain = &memory.agreed;
  agreed.count_gain =
      memory.is_count_due(-values[kMinusAchieved], static_cast<std::int64_t>(values[kSinceCount]));
}

}  // namespace

Task agree(AllreduceCall& call, const Operation& operation, ChoiceInput& input, Agreement& agreed) {
  const bool adapts = operation.plan.policy->adapts;
  const bool by_construction = !operation.blocking && !adapts && operation.device.part == nullptr;
  if (!input.may_lose || by_construction) co_return;
  TensorState* tensor = operation.tensor;
  Values values{input.compute_s,
                static_cast<double>(agreed.step),
                tensor == nullptr ? 1.0 : 0.0,
                input.outstanding ? 1.0 : 0.0,
                operation.device.roomy ? 0.0 : 1.0,
                static_cast<double>(operation.place),
                -static_cast<double>(operation.place)};
  if (adapts) add_policy(values, tensor);
  co_await agree_max(call, std::span(values).first(adapts ? kValues : kForAll));
  agreed.same_tensor = values[kPlace] == -values[kMinusPlace] && values[kPlace] != Tensors::kNone;
  if (!agreed.same_tensor) co_return;
  input.compute_s = values[kComputeS];
  agreed.step = static_cast<std::int64_t>(values[kStep]);
  agreed.all_ready = values[kNotReady] == 0;
  input.may_lose = agreed.all_ready;
  input.outstanding = values[kOutstanding] != 0;
  // Without room for its selection on some rank's device, the call is staged through host memory.
  if (values[kNotRoomy] != 0) input.shape.has_nccl = input.shape.mpi_reads_device = false;
  if (!adapts || !agreed.all_ready) co_return;
  input.margin = values[kMargin];
  if (wants_gain(operation.plan)) co_await agree_on_gain(call, tensor->policy, values, input, agreed);
}

void learn(const OperationRun& run) {
  const Operation& operation = run.operation;
  if (operation.tensor == nullptr || !operation.plan.policy->adapts) return;
  PolicyMemory& memory = operation.tensor->policy;
  const Pliant_Report& report = run.report;
  ++memory.since_count;
  const double promised = memory.own.at(report.kept);
  memory.achieved = report.exact == 0 && memory.counted && promised > 0 ? report.gain / promised : 0;
  if (run.alone && run.away_s <= kMostAway * report.measured_s)
    memory.margin.add(report.measured_s, run.formula_s);
}

}  // namespace pliant

#include "api/quality.hpp"

#include <cmath>

#include "kernels/long_vectors.hpp"
#include "policy/quality.hpp"

namespace pliant {
namespace {

double norm_of(const float* values, std::int64_t count) {
  double squared = 0;
  for (std::int64_t i = 0; i < count; ++i)
    squared += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return std::sqrt(squared);
}

}  // namespace

QualityMemory* quality_of(const Operation& operation) {
  const bool learns =
      operation.plan.by_quality && operation.plan.policy->adapts && operation.tensor != nullptr;
  return learns ? &operation.tensor->quality : nullptr;
}

Family tried_family(const Operation& operation) {
  const QualityMemory* const quality = quality_of(operation);
  return quality != nullptr ? quality->tried() : Family::exact;
}

bool ends_trial(const Operation& operation, const Decision& decision) {
  QualityMemory* const quality = quality_of(operation);
  return quality != nullptr && quality->ends_trial(decision.by_quality, decision.candidates.all());
}

StalenessSample sample_before(const Operation& operation, const Decision& decision,
                              const AllreduceShape& shape, const CostModel& model) {
  const QualityMemory* const quality = quality_of(operation);
  if (quality == nullptr || decision.algorithm->exact) return {};
  const AllreduceShape sampled = sampled_shape(shape);
  const Candidate best = sample_carrier(sampled, model);
  if (!quality->wants_sample(best.predicted_s)) return {};
  return {best.algorithm, tuned_for(*best.algorithm, sampled, model), best.predicted_s};
}

Task take_sample(AllreduceCall& call, OperationRun& run, const StalenessSample& sample) {
  const std::int64_t count = call.shape.count;
  const std::int64_t places = sampled_places(count);
  const auto* const given = static_cast<const float*>(run.operation.send);
  auto* const gradient = call.workspace.sample.of<float>(2 * places);
  float* const fed = gradient + places;
  auto* const at = call.workspace.sampled.of<std::uint32_t>(places);
  for (std::int64_t i = 0; i < places; ++i)
    at[i] = static_cast<std::uint32_t>(sampled_place(i, places, count));
  SelectWorkspace& memory = call.workspace.select;
  if (call.gradient != nullptr) {
    gather(call.gradient, at, places, gradient, memory);
    gather(call.residual, at, places, fed, memory);
    for (std::int64_t i = 0; i < places; ++i) fed[i] += gradient[i];
  } else {
    gather(call.residual, at, places, fed, memory);
    gather(given, at, places, gradient, memory);
  }
  AllreduceCall sum{.comm = call.comm,
                    .workspace = call.workspace,
                    .kernels = call.kernels,
                    .shape = sample.shape,
                    .tag = call.tag,
                    .data = reinterpret_cast<std::byte*>(gradient),
                    .own = {},
                    .outcome = {}};
  co_await sample.algorithm->run(sum);
  run.under_way.sent = run.under_way.sent - sample.algorithm->sent(sample.shape, call.comm.rank());
  run.operation.tensor->quality.sample(norm_of(fed, places) / norm_of(gradient, places), sample.cost_s,
                                       call.shape);
  run.sampled = true;
}

}  // namespace pliant

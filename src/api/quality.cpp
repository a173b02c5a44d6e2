#include "api/quality.hpp"

#include <cmath>

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
  if (quality == nullptr) return false;
  if (quality->tried() == Family::exact) {
    if (decision.by_quality) quality->consider_trial(decision.candidates.all());
    return false;
  }
  if (decision.by_quality) return false;
  quality->end_trial();
  return true;
}

StalenessSample sample_before(const Operation& operation, const Decision& decision,
                              const AllreduceShape& shape, const CostModel& model) {
  const QualityMemory* const quality = quality_of(operation);
  if (quality == nullptr || decision.algorithm->exact) return {};
  AllreduceShape sampled{.ranks = shape.ranks, .count = 2 * sampled_places(shape.count)};
  sampled.kept = sampled.count;
  // What blocks would keep others waiting, and the memory of hosts is the operation's.
  const Candidate best =
      rank_candidates({.shape = sampled, .resumable = true}, AlgorithmFilter(), model).items[0];
  if (!quality->affords_sample(best.predicted_s)) return {};
  return {best.algorithm, tuned_for(*best.algorithm, sampled, model), best.predicted_s};
}

Task take_sample(AllreduceCall& call, OperationRun& run, const StalenessSample& sample) {
  const std::int64_t count = call.shape.count;
  const std::int64_t places = sampled_places(count);
  const auto* const given = static_cast<const float*>(run.operation.send);
  auto* const gradient = call.workspace.sample.of<float>(2 * places);
  float* const fed = gradient + places;
  for (std::int64_t i = 0; i < places; ++i) {
    const std::int64_t place = sampled_place(i, places, count);
    gradient[i] = given[place];
    fed[i] = call.residual[place] + (call.gradient != nullptr ? call.gradient[place] : 0.0F);
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

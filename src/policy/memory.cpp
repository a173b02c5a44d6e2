#include "policy/memory.hpp"

#include <bit>
#include <cmath>

namespace pliant {
namespace {

/// In [1, 2^52]: a double holds it. FNV-1a over the numbers' bits.
double fingerprint_of(const GainModel& model) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const double gain : model.gains()) hash = (hash ^ std::bit_cast<std::uint64_t>(gain)) * 0x100000001b3U;
  return static_cast<double>((hash >> 12) + 1);
}

}  // namespace

PolicyDecision PolicyMemo::decide(const Policy& policy, const PolicyInput& input) {
  const Question question{.policy = &policy,
                          .density = input.settings.density,
                          .time_budget_s = input.settings.time_budget_s,
                          .min_gain = input.settings.min_gain,
                          .least = least_kept(input),
                          .filter = input.filter,
                          .shape = input.shape,
                          .model = input.model,
                          .gain = input.gain != nullptr ? std::optional(*input.gain) : std::nullopt,
                          .resumable = input.resumable,
                          .drain_s = input.drain_s,
                          .worth = input.worth != nullptr ? std::optional(*input.worth) : std::nullopt,
                          .only_family = input.only_family};
  if (question != question_) {
    question_ = question;
    answers_ = {};
  }
  const PolicyInput coarse = coarsened(input);
  for (const Answer& answer : answers_)
    if (answer.compute_s == coarse.compute_s && answer.margin == coarse.margin) return answer.decision;
  Answer& answer = answers_[next_++ % answers_.size()];
  answer = {coarse.compute_s, coarse.margin, decide_kept(policy, coarse)};
  return answer.decision;
}

void PolicyMemory::count(const GainCurve& curve, std::int64_t count) {
  own = GainModel(curve, count);
  counted = fresh = true;
  since_count = 0;
}

void PolicyMemory::agree(const std::array<double, GainModel::kPoints>& gains, std::int64_t count) {
  agreed = GainModel(gains, count);
  fingerprint = fingerprint_of(agreed);
  fresh = false;
  achieved_at_first = 0;
}

bool PolicyMemory::is_count_due(double achieved_by_all, std::int64_t operations) {
  if (operations >= kCountAtLeastEvery) return true;
  if (!(achieved_by_all > 0)) return false;
  if (achieved_at_first == 0) achieved_at_first = achieved_by_all;
  return operations >= kCountEvery && std::abs(achieved_by_all / achieved_at_first - 1) > kMoved;
}

}  // namespace pliant

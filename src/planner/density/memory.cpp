#include "planner/density/memory.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace pliant {
namespace {

/// FNV-1a over the numbers' bits, in [1, 2^52], so that a double holds it exactly.
double fingerprint_of(const GainModel& model) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const double gain : model.gains()) hash = (hash ^ std::bit_cast<std::uint64_t>(gain)) * 0x100000001b3U;
  return static_cast<double>((hash >> 12) + 1);
}

constexpr std::int64_t kMostOperations = std::int64_t{1} << 53;

bool are_gains(const PolicyMemory::State::Gains& gains) {
  return std::all_of(gains.begin(), gains.end(), [](double gain) { return gain >= 0 && gain <= 1; });
}

bool is_ratio(double value) {
  return value >= 0 && std::isfinite(value);
}

}  // namespace

PolicyDecision PolicyMemo::decide(const Policy& policy, const ChoiceInput& input) {
  const Question question{.policy = &policy,
                          .density = input.settings.density,
                          .time_budget_s = input.settings.time_budget_s,
                          .min_gain = input.settings.min_gain,
                          .least = least_kept(input),
                          .filter = input.filter,
                          .shape = input.shape,
                          .model = *input.model,
                          .gain = input.gain != nullptr ? std::optional(*input.gain) : std::nullopt,
                          .resumable = input.resumable,
                          .drain_s = input.drain_s(),
                          .equivalent = input.equivalent};
  if (question != question_) {
    question_ = question;
    answers_ = {};
  }
  const ChoiceInput coarse = coarsened(input);
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

// A predicted gain of 0 makes a ratio infinite. It is saved as 0, which also means unknown.
PolicyMemory::State PolicyMemory::state() const {
  return {.own = own.gains(),
          .agreed = agreed.gains(),
          .counted = counted,
          .has_agreed = fingerprint != 0,
          .fresh = fresh,
          .since_count = since_count,
          .achieved = is_ratio(achieved) ? achieved : 0,
          .achieved_at_first = is_ratio(achieved_at_first) ? achieved_at_first : 0,
          .margin = margin.state()};
}

bool PolicyMemory::restore(const State& state, std::int64_t count) {
  BudgetMargin restored_margin;
  const bool possible = are_gains(state.own) && are_gains(state.agreed) && state.since_count >= 0 &&
                        state.since_count <= kMostOperations && is_ratio(state.achieved) &&
                        is_ratio(state.achieved_at_first) && restored_margin.restore(state.margin);
  if (!possible) return false;
  *this = {};
  if (state.has_agreed) agree(state.agreed, count);
  if (state.counted) own = GainModel(state.own, count);
  counted = state.counted;
  fresh = state.fresh;
  since_count = state.since_count;
  achieved = state.achieved;
  achieved_at_first = state.achieved_at_first;
  margin = restored_margin;
  return true;
}

bool PolicyMemory::is_count_due(double achieved_by_all, std::int64_t operations) {
  if (operations >= kCountAtLeastEvery) return true;
  if (!(achieved_by_all > 0)) return false;
  if (achieved_at_first == 0) achieved_at_first = achieved_by_all;
  return operations >= kCountEvery && std::abs(achieved_by_all / achieved_at_first - 1) > kMoved;
}

}  // namespace pliant

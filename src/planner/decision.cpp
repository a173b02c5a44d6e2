#include "planner/decision.hpp"

#include <algorithm>
#include <cstdio>

#include "collectives/sparse/messages.hpp"
#include "collectives/sparse/sparse.hpp"

namespace pliant {
namespace {

template <class... Values>
void explain(Decision& decision, const char* format, Values... values) {
  std::snprintf(decision.reason.data(), decision.reason.size(), format, values...);
}

const Candidate* cheapest(const CandidateList& list, bool exact) {
  for (const Candidate& candidate : list.all())
    if (candidate.algorithm->exact == exact) return &candidate;
  return nullptr;
}

constexpr double kMs = 1e3;

void explain_choice(Decision& decision, const ChoiceInput& input, const PolicyDecision& wish) {
  const Candidate* dense = cheapest(decision.candidates, true);
  const Candidate* sparse = cheapest(decision.candidates, false);
  const Candidate& shown =
      decision.algorithm->exact && sparse != nullptr ? *sparse : decision.candidates.items[0];
  const double density = static_cast<double>(shown.kept) / static_cast<double>(input.shape.count);
  const char* name = decision.algorithm->name.data();
  AllreduceShape kept_shape = input.shape;
  kept_shape.kept = shown.kept;
  const char* note = wish.floored ? " (pliant_min_gain's)" : "";
  const char* indices = index_codec_for(kept_shape, *input.model).name.data();
  if (!wish.feasible) {
    explain(decision, "%s is the fastest: the budget of %.4g ms cannot hold after %.4g ms of computing", name,
            input.settings.time_budget_s * kMs, input.compute_s * kMs);
  } else if (decision.algorithm->exact && sparse != nullptr) {
    explain(decision, "compression refused: dense %s predicted %.4g ms, %s at density %.3g %.4g ms", name,
            decision.predicted_s * kMs, sparse->algorithm->name.data(), density, sparse->predicted_s * kMs);
  } else if (dense != nullptr) {
    explain(decision, "%s at density %.3g%s, indices %s, predicted %.4g ms, dense %s %.4g ms", name, density,
            note, indices, decision.predicted_s * kMs, dense->algorithm->name.data(),
            dense->predicted_s * kMs);
  } else {
    explain(decision, "%s at density %.3g%s, indices %s, predicted %.4g ms; exact ones are not allowed", name,
            density, note, indices, decision.predicted_s * kMs);
  }
}

/// Moves the preferred algorithm to the front; the others keep their order.
void put_preferred_first(Decision& decision, const ChoiceInput& input) {
  CandidateList& list = decision.candidates;
  const auto end = list.items.begin() + static_cast<std::ptrdiff_t>(list.used);
  const auto found = std::find_if(list.items.begin(), end,
                                  [&](const Candidate& c) { return c.algorithm == input.preferred; });
  if (found == end) return;
  decision.formula_s = cheapest(list, found->algorithm->exact)->predicted_s;
  found->predicted_s *= input.preferred_factor;
  std::rotate(list.items.begin(), found, found + 1);
}

void take_first(Decision& decision) {
  decision.algorithm = decision.candidates.items[0].algorithm;
  decision.predicted_s = decision.candidates.items[0].predicted_s;
  decision.kept = decision.candidates.items[0].kept;
  if (decision.formula_s == 0) decision.formula_s = decision.predicted_s;
}

PolicyDecision wish_of(const ChoiceInput& input) {
  if (!input.policy->adapts) return decide_kept(*input.policy, input);
  return input.memo != nullptr ? input.memo->decide(*input.policy, input)
                               : decide_kept(*input.policy, coarsened(input));
}

}  // namespace

bool lossy_eligible(const Plan& plan, const AllreduceShape& shape, ReduceOp op) {
  return plan.settings.topk && op == ReduceOp::sum && supports_sparse(shape) &&
         shape.bytes() >= plan.settings.min_bytes && plan.filter.allows_any(false);
}

bool needs_measuring(const Plan& plan, const AllreduceShape& shape, ReduceOp op) {
  return lossy_eligible(plan, shape, op) || shape.bytes() >= kMeasureBytes;
}

Decision decide_exact(const ChoiceInput& input, const char* why) {
  Decision decision;
  decision.candidates = rank_candidates(input, input.filter.for_exact_call(), {});
  // The algorithms that the user named may all be unable to, for example shared_memory on several hosts.
  if (decision.candidates.used == 0) decision.candidates = rank_candidates(input, AlgorithmFilter(), {});
  put_preferred_first(decision, input);
  take_first(decision);
  explain(decision, "%s: %s", decision.algorithm->name.data(), why);
  return decision;
}

Decision decide(const ChoiceInput& input) {
  if (!input.may_lose)
    return decide_exact(input, input.settings.deterministic
                                   ? "exact, order of additions pinned"
                                   : "exact; cheapest predicted of the exact algorithms");
  const PolicyDecision wish = wish_of(input);
  if (!wish.lossy && input.filter.allows_any(true)) return decide_exact(input, wish.why_exact);

  Decision decision;
  decision.lossy_kept = wish.kept;
  decision.candidates = rank_candidates(
      input, input.filter,
      {.exact = input.filter.allows_any(true), .lossy = true, .kept = wish.kept, .as_named = wish.by_user});
  if (decision.candidates.used == 0)
    return decide_exact(input, "no algorithm allowed is both lossy and pinned");
  put_preferred_first(decision, input);
  take_first(decision);
  decision.by_quality = input.equivalent && !wish.by_user && wish.feasible && !decision.algorithm->exact;
  explain_choice(decision, input, wish);
  return decision;
}

bool RememberedDecision::holds_for(const ChoiceInput& input) const {
  return valid_ && may_lose_ == input.may_lose && outstanding_ == input.outstanding &&
         resumable_ == input.resumable && shape_ == input.shape;
}

const Decision& RememberedDecision::decide(const ChoiceInput& input) {
  if (holds_for(input)) return decision_;
  decision_ = pliant::decide(input);
  AllreduceShape shape = input.shape;
  shape.kept = decision_.kept;
  if (!decision_.algorithm->exact) shape.index_codec = &index_codec_for(shape, *input.model);
  decision_.shape = tuned_for(*decision_.algorithm, shape, *input.model);
  valid_ = !input.may_lose || input.policy == &fixed_policy;
  may_lose_ = input.may_lose;
  outstanding_ = input.outstanding;
  resumable_ = input.resumable;
  shape_ = input.shape;
  return decision_;
}

}  // namespace pliant

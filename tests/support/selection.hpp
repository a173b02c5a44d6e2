// Candidates of calls for tests of the selector, without settings or a plan.
#pragma once

#include <optional>

#include "planner/selector.hpp"

namespace pliant::test {

/// A call, and who may compete for it.
struct SelectionRequest {
  AllreduceShape shape;  ///< with `kept` for the lossy ones
  bool lossy = false;
  bool exact = true;
  bool deterministic = false;
  bool resumable = false;
  bool outstanding = false;
  std::optional<EquivalentDensity> equivalent = {};

  /// Calls act(input, terms).
  template <class Act>
  auto with_input(const AlgorithmFilter& filter, const CostModel& model, const Corrections* corrections,
                  Act&& act) const {
    Settings settings;
    settings.deterministic = deterministic;
    ChoiceInput input{.settings = settings, .filter = filter, .shape = shape, .model = &model};
    input.resumable = resumable;
    input.outstanding = outstanding;
    input.equivalent = equivalent;
    input.corrections = corrections;
    return act(input, CandidateTerms{.exact = exact, .lossy = lossy, .kept = shape.kept});
  }
};

inline CandidateList rank_candidates(const SelectionRequest& request, const AlgorithmFilter& filter,
                                     const CostModel& model, const Corrections* corrections = nullptr) {
  return request.with_input(filter, model, corrections,
                            [&](const ChoiceInput& input, const CandidateTerms& terms) {
                              return pliant::rank_candidates(input, filter, terms);
                            });
}

inline double cheapest_s(const SelectionRequest& request, const AlgorithmFilter& filter,
                         const CostModel& model) {
  return request.with_input(
      filter, model, nullptr,
      [](const ChoiceInput& input, const CandidateTerms& terms) { return pliant::cheapest_s(input, terms); });
}

}  // namespace pliant::test

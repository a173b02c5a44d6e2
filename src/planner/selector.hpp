// Algorithm selection: the candidate of least predicted time among those allowed. A pure function of values
// all ranks agree on; it knows no names.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "collectives/registry.hpp"
#include "planner/choice_input.hpp"

namespace pliant {

/// The terms on which candidates compete for one call.
struct CandidateTerms {
  bool exact = true;      ///< exact algorithms compete
  bool lossy = false;     ///< lossy ones do
  std::int64_t kept = 0;  ///< elements that lossy ones send
  bool as_named = false;  ///< the user named `kept`: all send as many. Else ChoiceInput::equivalent counts
};

struct Candidate {
  const AllreduceAlgorithm* algorithm = nullptr;
  double predicted_s = 0;
  double variance = 0;    ///< of log(predicted_s), the formula's error; 0 without corrections
  std::int64_t kept = 0;  ///< elements that it would send values for; all of them if it is exact
};

struct CandidateList {
  std::array<Candidate, kAlgorithms.size()> items{};
  std::size_t used = 0;

  std::span<const Candidate> all() const { return std::span(items).first(used); }
};

/// Stable; allocates nothing.
void sort_by_time(CandidateList& list);

/// Candidates, cheapest first; ties in registry order. May be empty. A deterministic communicator gets only the
/// first deterministic candidate, lossy before exact where lossy ones compete. Predictions hold the corrections of
/// `input`, and for exact algorithms the time in which they also send the residual. If the call may be overtaken
/// (ChoiceInput::resumable), MPI's own collectives, which need one order on all ranks, compete only if no other
/// algorithm is allowed.
CandidateList rank_candidates(const ChoiceInput& input, const AlgorithmFilter& filter,
                              const CandidateTerms& terms);

/// rank_candidates() for a call that is only described: all algorithms compete. Lossy ones send shape.kept.
CandidateList rank_described(const AllreduceShape& shape, bool lossy, const CostModel& model,
                             const Corrections* corrections = nullptr);

/// [s] Least prediction of all candidates that input.filter allows; infinity if there are none. For calls that are
/// not deterministic; uses no corrections. For callers that try many k: nothing is sorted or stored.
double cheapest_s(const ChoiceInput& input, const CandidateTerms& terms);

/// [s] predicted for one algorithm.
double predict_s(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape, const CostModel& model);

}  // namespace pliant

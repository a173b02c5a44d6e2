// Algorithm selection: the candidate of least predicted time among those allowed. A pure function of values
// all ranks agree on; it knows no names.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "collectives/registry.hpp"
#include "planner/algorithm_filter.hpp"
#include "planner/correction.hpp"
#include "planner/equivalent_density.hpp"

namespace pliant {

/// The candidates to consider for one call.
struct SelectionRequest {
  AllreduceShape shape;  ///< with `kept` for the lossy ones
  bool lossy = false;    ///< may lossy algorithms compete
  bool exact = true;     ///< may exact ones
  bool deterministic = false;
  /// Operations may overtake one another. Leave out MPI's own collectives, which need one order on all ranks,
  /// unless no other algorithm is allowed.
  bool resumable = false;
  double drain_s = 0;  ///< [s] added to exact candidates, which send the residual too
  /// Each lossy candidate keeps as many elements as are as good as shape.kept of allgather_topk. nullopt: all keep
  /// shape.kept, as in the papers.
  std::optional<EquivalentDensity> equivalent = {};
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

/// Candidates, cheapest first; ties in registry order. May be empty. A deterministic request gets only the
/// first deterministic candidate, lossy before exact where lossy is allowed. `corrections`: factors on the
/// formulas; null: the formulas are used as they are.
CandidateList rank_candidates(const SelectionRequest& request, const AlgorithmFilter& filter,
                              const CostModel& model, const Corrections* corrections = nullptr);

/// [s] Least prediction of all candidates; infinity if there are none. For requests that are not
/// deterministic; uses no corrections. For callers that try many k: nothing is sorted or stored.
double cheapest_s(const SelectionRequest& request, const AlgorithmFilter& filter, const CostModel& model);

/// [s] predicted for one algorithm.
double predict_s(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape, const CostModel& model);

}  // namespace pliant

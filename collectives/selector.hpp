// Which algorithm: the cheapest predicted of those allowed. A pure function of values all ranks agree on; it
// knows no names.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "collectives/correction.hpp"
#include "collectives/registry.hpp"
#include "collectives/worth.hpp"

namespace pliant {

/// `pliant_algorithm`, parsed: `auto`; names = only these; ^names = all but these. Commas separate.
class AlgorithmFilter {
 public:
  /// Everything is allowed.
  AlgorithmFilter();
  /// Throws Error(info_value) that lists the valid names.
  explicit AlgorithmFilter(std::string_view text);

  bool allows(const AllreduceAlgorithm& algorithm) const;
  /// The same of the one at a place of kAlgorithms.
  bool allows(std::size_t place) const { return allowed_[place]; }
  /// Is anything exact allowed whose operations may overtake one another?
  bool allows_resumable() const;
  /// Is anything allowed that uses the memory of hosts?
  bool allows_two_levels() const;
  /// Is anything exact (or: lossy) allowed?
  bool allows_any(bool exact) const;
  /// The filter for a call that must be exact: this one, or everything where this one names lossy algorithms
  /// alone.
  AlgorithmFilter for_exact_call() const;

  friend bool operator==(const AlgorithmFilter&, const AlgorithmFilter&) = default;

 private:
  std::array<bool, kAlgorithms.size()> allowed_{};
};

enum class CostFormula { measured, paper };

/// How lossy candidates are compared.
enum class Comparison {
  by_density,  ///< by time, all with shape.kept elements: as the papers do
  by_quality,  ///< by time, each with as many elements as are as good as shape.kept of allgather_topk's
};

/// What to choose among, for one call.
struct SelectionRequest {
  AllreduceShape shape;  ///< with `kept` for the lossy ones
  bool lossy = false;    ///< may lossy algorithms compete
  bool exact = true;     ///< may exact ones
  bool deterministic = false;
  /// Operations may overtake one another: leave out MPI's own collectives, which need one order on all ranks,
  /// where another is allowed.
  bool resumable = false;
  /// Leave out what, with hosts of one rank or all ranks on one host, is another one that is allowed.
  bool distinct = false;
  double drain_s = 0;  ///< [s] what exact ones take besides: sending a residual too
  CostFormula formula = CostFormula::measured;
  Comparison comparison = Comparison::by_density;
  Worth worth{};                       ///< where it is not by density
  Family only_family = Family::exact;  ///< of lossy ones; exact: any
};

struct Candidate {
  const AllreduceAlgorithm* algorithm = nullptr;
  double predicted_s = 0;
  double variance =
      0;  ///< of log(predicted_s), what the formula may be wrong by; 0 where nothing is corrected
  std::int64_t kept = 0;  ///< elements that it would send values for: all of them where it is exact
};

struct CandidateList {
  std::array<Candidate, kAlgorithms.size()> items{};
  std::size_t used = 0;

  std::span<const Candidate> all() const { return std::span(items).first(used); }
};

/// Cheapest first; ties in registry order. Deterministic: the first deterministic
/// one alone, lossy before exact where lossy is allowed. May be empty. `corrections`: by which the formulas
/// are multiplied; null: they are believed.
CandidateList rank_candidates(const SelectionRequest& request, const AlgorithmFilter& filter,
                              const CostModel& model, const Corrections* corrections = nullptr);

/// [s] predicted of the first of rank_candidates() where the order is not pinned; infinity where there is
/// none. For who asks for many k: nothing is sorted or kept.
double cheapest_s(const SelectionRequest& request, const AlgorithmFilter& filter, const CostModel& model);

/// Predicted seconds of one algorithm, by the formula asked for; infinity where it has none.
double predict_s(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape, const CostModel& model,
                 CostFormula formula = CostFormula::measured);

}  // namespace pliant

// Policy and selector together: what one call will do, and why. Pure; equal on all ranks for equal input.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "api/plan.hpp"
#include "collectives/selector.hpp"
#include "core/recent_map.hpp"
#include "policy/memory.hpp"

namespace pliant {

struct DecisionInput {
  const Plan& plan;
  AllreduceShape shape;   ///< `kept` is not set yet
  bool may_lose = false;  ///< the call is one that lossy algorithms can do, and all ranks are ready for one
  const CostModel& model;
  double compute_s = 0;                ///< [s] max over ranks, where the policy needs it
  double margin = 1;                   ///< as PolicyInput's
  const GainModel* gain = nullptr;     ///< as PolicyInput's
  PolicyMemo* memo = nullptr;          ///< of the tensor; null: nothing is remembered
  const Worth* worth = nullptr;        ///< null: lossy algorithms are compared by density
  Family only_family = Family::exact;  ///< as SelectionRequest's
  bool resumable = false;    ///< other operations may be under way: MPI's own collectives would hold them up
  bool outstanding = false;  ///< a residual would have to be sent too; equal on all ranks
  bool distinct = false;     ///< as SelectionRequest's
  const Corrections* corrections = nullptr;       ///< of the formulas; null: they are believed
  const AllreduceAlgorithm* preferred = nullptr;  ///< taken if it is a candidate, whatever is predicted
  double preferred_factor = 1;                    ///< by which its formula is multiplied
};

struct Decision {
  const AllreduceAlgorithm* algorithm = nullptr;
  std::int64_t kept = 0;        ///< elements, all of them when exact
  std::int64_t lossy_kept = 0;  ///< what the policy wanted: PolicyDecision::kept; 0 where nothing may be lost
  double predicted_s = 0;
  bool by_quality = false;   ///< lossy, and the lossy candidates are as good as one another
  double formula_s = 0;      ///< of the cheapest of its kind (exact or lossy): what policies reckon with
  CandidateList candidates;  ///< cheapest first; the first is `algorithm`
  std::array<char, 164> reason{};
  AllreduceShape shape;  ///< of an exact one: as the algorithm is to be given it
};

/// May a lossy algorithm do such a call under this plan at all?
bool lossy_eligible(const Plan& plan, const AllreduceShape& shape, ReduceOp op);

Decision decide(const DecisionInput& input);

/// Decisions for calls that may not lose anything, to be used again: for short messages deciding takes longer
/// than reducing. Of a communicator's own plan; whoever changes that, or the model, forgets them.
class ExactDecisions {
 public:
  const Decision& exact(const DecisionInput& input);
  void forget() { known_.clear(); }

 private:
  static constexpr std::size_t kMost = 1024;
  struct Kind {
    AllreduceShape shape;
    bool resumable;
    std::uint64_t hash() const {
      return mixed_hash(static_cast<std::uint64_t>(shape.count), static_cast<std::uint64_t>(shape.type));
    }
    friend bool operator==(const Kind&, const Kind&) = default;
  };
  RecentMap<Kind, Decision> known_{kMost};
};

/// The same with everything sent: what is done when a selection holds too little of the gradient.
Decision decide_exact(const DecisionInput& input, const char* why);

}  // namespace pliant

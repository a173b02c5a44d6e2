// Policy and selector together decide what one call does, and why. Pure; equal on all ranks for equal input.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/recent_map.hpp"
#include "planner/choice_input.hpp"
#include "planner/density/memory.hpp"
#include "planner/plan.hpp"
#include "planner/selector.hpp"

namespace pliant {

struct Decision {
  const AllreduceAlgorithm* algorithm = nullptr;
  std::int64_t kept = 0;        ///< elements, all of them when exact
  std::int64_t lossy_kept = 0;  ///< PolicyDecision::kept that the policy chose; 0 for an exact call
  double predicted_s = 0;
  bool by_quality = false;   ///< lossy, and all lossy candidates are of equal quality
  double formula_s = 0;      ///< prediction for the cheapest of its kind (exact or lossy), for the policies
  CandidateList candidates;  ///< cheapest first; the first is `algorithm`
  std::array<char, 164> reason{};
  AllreduceShape shape;  ///< tuned shape for the algorithm's run(); decide() leaves it empty
};

/// May a lossy algorithm do such a call under this plan?
bool lossy_eligible(const Plan& plan, const AllreduceShape& shape, ReduceOp op);

/// [byte] Shorter exact messages are chosen for by the nominal model: measuring takes longer than they do.
constexpr std::int64_t kMeasureBytes = 16384;

/// Will such an operation need a measured network?
bool needs_measuring(const Plan& plan, const AllreduceShape& shape, ReduceOp op);

Decision decide(const ChoiceInput& input);

/// A cache of decisions for exact calls: for short messages deciding takes longer than reducing. It holds for
/// one communicator's plan and model; call forget() when either changes.
class ExactDecisions {
 public:
  const Decision& exact(const ChoiceInput& input);
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

/// Decides among exact algorithms. Also used when a selection holds too little of the gradient.
Decision decide_exact(const ChoiceInput& input, const char* why);

}  // namespace pliant

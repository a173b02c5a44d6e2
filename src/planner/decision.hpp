// Policy and selector together decide what one call does, and why. Pure; equal on all ranks for equal input.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

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
  AllreduceShape shape;  ///< tuned shape for the algorithm's run(); RememberedDecision sets it
};

/// May a lossy algorithm do such a call under this plan?
bool lossy_eligible(const Plan& plan, const AllreduceShape& shape, ReduceOp op);

/// [byte] Shorter exact messages are chosen for by the nominal model: measuring takes longer than they do.
constexpr std::int64_t kMeasureBytes = 16384;

/// Will such an operation need a measured network?
bool needs_measuring(const Plan& plan, const AllreduceShape& shape, ReduceOp op);

Decision decide(const ChoiceInput& input);

/// The last decision for one kind of call, and the input for which it holds.
class RememberedDecision {
 public:
  /// The decision, with the tuned shape for the algorithm's run(). Decides anew if the input has changed, or if
  /// an adaptive policy has to be asked. Valid until the next call of a function.
  const Decision& decide(const ChoiceInput& input);
  /// To be called when the plan, the model or the preferred algorithm changes: they are not compared.
  void forget() { valid_ = false; }

 private:
  bool holds_for(const ChoiceInput& input) const;

  bool valid_ = false, may_lose_ = false, outstanding_ = false, resumable_ = false;
  AllreduceShape shape_;
  Decision decision_;
};

/// Decides among exact algorithms. Also used when a selection holds too little of the gradient.
Decision decide_exact(const ChoiceInput& input, const char* why);

}  // namespace pliant

// When to leave the current algorithm for another. The gain must exceed the predictions' error, changes must
// not come too often, and uncertain algorithms are explored only where that is cheap. Pure.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "core/share_budget.hpp"
#include "planner/selector.hpp"

namespace pliant {

/// The current algorithm for one kind of call.
struct CurrentAlgorithm {
  const AllreduceAlgorithm* algorithm = nullptr;
  std::int64_t calls = 0;       ///< since it was chosen
  std::int64_t unexplored = 0;  ///< calls since the last exploration
  double spent = 0;             ///< free exploration used so far (kFree), in calls of the current algorithm
};

enum class Why {
  cheapest,  ///< there was no current algorithm, or it cannot do this call
  stays,     ///< no other algorithm is better by enough
  better,    ///< predicted better by more than both predictions may be wrong by
  tries,     ///< predicted better, but uncertain: runs once, the current algorithm stays
  explores,  ///< possibly better, and cheap to run once: the current algorithm stays
};

struct Choice {
  std::size_t index = 0;  ///< in the list of candidates
  Why why = Why::cheapest;
};

struct ChoiceRules {
  static constexpr double kMargin = 0.02;    ///< smaller gains count as none
  static constexpr std::int64_t kDwell = 4;  ///< calls before a chosen algorithm may be left again
  static constexpr double kConfidence = 1;   ///< standard errors by which another must be better
  static constexpr double kFarthest = 1.5;   ///< times the current prediction; slower ones are not explored
  static constexpr double kKnown = 0.05;     ///< standard error that more runs hardly reduce
  static constexpr double kUnknown = 0.15;   ///< standard error from which a candidate is explored
  static constexpr double kExplorationShare = 0.01;  ///< share of the time that exploration may take
  static constexpr std::int64_t kExploreEvery = 32;  ///< calls between explorations, at least
  /// Exploration allowed beyond that share over the life of a kind of call, in its calls: early knowledge
  /// lasts.
  static constexpr double kFree = 4;
};

/// Explores the candidate that could be better by most, if its worst-case extra cost can be paid: from the
/// free allowance, or else from the share of the time. Explores nothing while the current algorithm itself is
/// uncertain.
template <class Doubt>
Choice explore(std::span<const Candidate> candidates, std::size_t own, CurrentAlgorithm& current,
               ShareBudget& exploring, Doubt&& doubt) {
  const double own_s = candidates[own].predicted_s;
  const double free_s = (ChoiceRules::kFree - current.spent) * own_s;
  const bool due = current.unexplored >= ChoiceRules::kExploreEvery;
  Choice choice{own, Why::stays};
  // The next run of the current algorithm tells whether another could be better, and costs nothing.
  if (candidates[own].variance > ChoiceRules::kUnknown * ChoiceRules::kUnknown) return choice;
  double most_hopeful_s = own_s * (1 - ChoiceRules::kMargin);
  double exploration_s = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& other = candidates[i];
    if (other.predicted_s > ChoiceRules::kFarthest * own_s) break;
    if (i == own || other.variance < ChoiceRules::kUnknown * ChoiceRules::kUnknown) continue;
    const double error = std::sqrt(doubt(i, own));
    const double hopeful_s = other.predicted_s * std::exp(-error);
    const double worst_s = std::fmax(0, other.predicted_s * std::exp(error) - own_s);
    if (hopeful_s >= most_hopeful_s) continue;
    if (worst_s > free_s && !(due && exploring.affords(worst_s))) continue;
    most_hopeful_s = hopeful_s;
    exploration_s = worst_s;
    choice = {i, Why::explores};
  }
  if (choice.why != Why::explores) return choice;
  current.unexplored = 0;
  if (exploration_s <= free_s) {
    current.spent += exploration_s / own_s;
  } else {
    exploring.spend(exploration_s);
  }
  return choice;
}

/// Chooses the candidate for the next call. Updates `current`, and charges the cost of exploration.
/// - candidates: at least one, cheapest first.
/// - doubt(i, j): variance of log(prediction of i / prediction of j), where j is the current algorithm's
///   index in the list; evaluated only where it matters.
/// - urgent: a change of the network was detected, so do not wait kDwell calls.
/// - calls: number of calls since the last choice.
template <class Doubt>
Choice choose(std::span<const Candidate> candidates, CurrentAlgorithm& current, ShareBudget& exploring,
              bool urgent, std::int64_t calls, Doubt&& doubt) {
  std::size_t own = 0;
  while (own < candidates.size() && candidates[own].algorithm != current.algorithm) ++own;
  const auto take = [&](Why why) {
    current = {candidates[0].algorithm, 1, current.unexplored, current.spent};
    return Choice{0, why};
  };
  if (own == candidates.size()) return take(Why::cheapest);
  current.calls += calls;
  current.unexplored += calls;
  const double own_s = candidates[own].predicted_s;
  const double gain = own > 0 ? std::log(own_s / candidates[0].predicted_s) : 0;
  if (gain > ChoiceRules::kMargin) {
    const bool surely = gain > ChoiceRules::kConfidence * std::sqrt(doubt(0, own));
    if (surely && (urgent || current.calls > ChoiceRules::kDwell)) return take(Why::better);
    if (candidates[0].variance > ChoiceRules::kKnown * ChoiceRules::kKnown) return {0, Why::tries};
  }
  return explore(candidates, own, current, exploring, doubt);
}

}  // namespace pliant

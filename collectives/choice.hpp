// When to leave the algorithm that is in use for another: not for less than predictions may be wrong by, not
// too often, and to find out what is uncertain only where that is cheap. Pure.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "collectives/selector.hpp"
#include "core/share_budget.hpp"

namespace pliant {

/// The algorithm in use for one kind of call.
struct Incumbent {
  const AllreduceAlgorithm* algorithm = nullptr;
  std::int64_t calls = 0;       ///< since it was chosen
  std::int64_t unexplored = 0;  ///< calls since another was explored
  double spent = 0;             ///< calls' worth of exploring of what is free at first
};

enum class Why {
  cheapest,  ///< nothing was in use, or what was cannot do this call
  stays,     ///< nothing else is worth it
  better,    ///< predicted better by more than both predictions may be wrong by
  tries,     ///< predicted better, but that may be wrong: the incumbent stays
  explores,  ///< could be better, and trying it once is cheap: the incumbent stays
};

struct Choice {
  std::size_t index = 0;  ///< in the list of candidates
  Why why = Why::cheapest;
};

struct ChoiceRules {
  static constexpr double kMargin = 0.02;      ///< what is less than this better is as good
  static constexpr std::int64_t kDwell = 4;    ///< calls before what was chosen is left again
  static constexpr double kConfidence = 1;     ///< standard errors by which another must be better
  static constexpr double kFarthest = 1.5;     ///< times the incumbent's: what is dearer is not explored
  static constexpr double kKnown = 0.05;       ///< standard error of a formula that more runs hardly lessen
  static constexpr double kUnknown = 0.15;     ///< and of one that is worth exploring
  static constexpr double kTrialShare = 0.01;  ///< of the time, what exploring may cost
  static constexpr std::int64_t kExploreEvery = 32;  ///< calls, at least
  /// What exploring may cost besides in a kind of call's life, in calls of its: what is learned early lasts.
  static constexpr double kFree = 4;
};

/// The candidate that could be better by most, if what it may cost at worst is there to be spent: first what
/// is free, then its share of the time. None before what is in use is known.
template <class Doubt>
Choice explore(std::span<const Candidate> candidates, std::size_t own, Incumbent& incumbent,
               ShareBudget& trials, Doubt&& doubt) {
  const double own_s = candidates[own].predicted_s;
  const double free_s = (ChoiceRules::kFree - incumbent.spent) * own_s;
  const bool due = incumbent.unexplored >= ChoiceRules::kExploreEvery;
  Choice choice{own, Why::stays};
  // Its own next time tells whether anything could be better, and costs nothing.
  if (candidates[own].variance > ChoiceRules::kUnknown * ChoiceRules::kUnknown) return choice;
  double most_hopeful_s = own_s * (1 - ChoiceRules::kMargin);
  double price_s = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& other = candidates[i];
    if (other.predicted_s > ChoiceRules::kFarthest * own_s) break;
    if (i == own || other.variance < ChoiceRules::kUnknown * ChoiceRules::kUnknown) continue;
    const double error = std::sqrt(doubt(i, own));
    const double hopeful_s = other.predicted_s * std::exp(-error);
    const double worst_s = std::fmax(0, other.predicted_s * std::exp(error) - own_s);
    if (hopeful_s >= most_hopeful_s) continue;
    if (worst_s > free_s && !(due && trials.affords(worst_s))) continue;
    most_hopeful_s = hopeful_s;
    price_s = worst_s;
    choice = {i, Why::explores};
  }
  if (choice.why != Why::explores) return choice;
  incumbent.unexplored = 0;
  if (price_s <= free_s) {
    incumbent.spent += price_s / own_s;
  } else {
    trials.spend(price_s);
  }
  return choice;
}

/// `candidates`: at least one, cheapest first. doubt(i): variance of log(prediction of i / that of the
/// incumbent), at place `incumbent` of the list; asked only of those that matter. `urgent`: a change of the
/// network was noticed, no dwelling. `calls`: since the last choice. Changes `incumbent`, and spends what
/// exploring may cost.
template <class Doubt>
Choice choose(std::span<const Candidate> candidates, Incumbent& incumbent, ShareBudget& trials, bool urgent,
              std::int64_t calls, Doubt&& doubt) {
  std::size_t own = 0;
  while (own < candidates.size() && candidates[own].algorithm != incumbent.algorithm) ++own;
  const auto take = [&](Why why) {
    incumbent = {candidates[0].algorithm, 1, incumbent.unexplored, incumbent.spent};
    return Choice{0, why};
  };
  if (own == candidates.size()) return take(Why::cheapest);
  incumbent.calls += calls;
  incumbent.unexplored += calls;
  const double own_s = candidates[own].predicted_s;
  const double gain = own > 0 ? std::log(own_s / candidates[0].predicted_s) : 0;
  if (gain > ChoiceRules::kMargin) {
    const bool surely = gain > ChoiceRules::kConfidence * std::sqrt(doubt(0, own));
    if (surely && (urgent || incumbent.calls > ChoiceRules::kDwell)) return take(Why::better);
    if (candidates[0].variance > ChoiceRules::kKnown * ChoiceRules::kKnown) return {0, Why::tries};
  }
  return explore(candidates, own, incumbent, trials, doubt);
}

}  // namespace pliant

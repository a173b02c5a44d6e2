#include "apps/research/quadratic/study.hpp"

#include <algorithm>
#include <utility>

namespace pliant::quadratic {
namespace {

bool better(const Outcome& one, const Outcome& other) {
  if (one.end != End::reached || other.end != End::reached)
    return one.end == End::reached || (one.end == End::too_long && other.end == End::diverged);
  return one.seconds() < other.seconds();
}

Finding finding_of(const Outcome& outcome) {
  const bool reached = outcome.end == End::reached;
  return {.trial = outcome.trial,
          .end = outcome.end,
          .seconds = reached ? outcome.seconds() : 0,
          .rounds = reached ? static_cast<int>(outcome.rounds.size()) : 0};
}

/// The best trial over all step sizes, largest first. A trial stops once it takes longer than the best one so
/// far. The search ends after kNoBetter steps without improvement, since smaller steps only take longer.
Outcome best_step(const World& world, const Setting& setting, const Grid& grid, Trial trial) {
  constexpr int kNoBetter = 2;
  Outcome best{.trial = trial, .end = End::diverged, .rounds = {}};
  int no_better = 0;
  for (const double step : grid.steps) {
    trial.step = step;
    const double most_s = best.end == End::reached ? best.seconds() : setting.most_s;
    Outcome outcome = train(world, setting, trial, most_s);
    const bool reached_before = best.end == End::reached;
    const bool improved = better(outcome, best);
    if (improved) best = std::move(outcome);
    no_better = improved || !reached_before ? 0 : no_better + 1;
    if (world.shared(no_better) == kNoBetter) break;
  }
  return best;
}

}  // namespace

std::vector<ModeResult> study(const World& world, const Setting& setting, const Grid& grid) {
  std::vector<ModeResult> results;
  for (const Mode* mode : grid.modes) {
    ModeResult& result = results.emplace_back();
    result.mode = mode;
    for (const double density : grid.densities) {
      Outcome outcome = best_step(world, setting, grid, {.mode = mode, .density = density, .step = 0});
      result.findings.push_back(finding_of(outcome));
      if (result.findings.size() == 1 || better(outcome, result.best)) result.best = std::move(outcome);
    }
  }
  if (!world.is_server()) results.clear();
  return results;
}

const ModeResult* best_fixed(const std::vector<ModeResult>& results) {
  const ModeResult* best = nullptr;
  for (const ModeResult& result : results)
    if (!result.mode->adaptive && result.best.end == End::reached &&
        (best == nullptr || better(result.best, best->best)))
      best = &result;
  return best;
}

}  // namespace pliant::quadratic

// Runs every mode with every density and step of one grid, and records when each reaches the target.
#pragma once

#include <vector>

#include "apps/research/quadratic/training.hpp"

namespace pliant::quadratic {

struct Grid {
  std::vector<const Mode*> modes;
  std::vector<double> densities;
  std::vector<double> steps;  ///< multiples of 1 / L
};

/// The best step of a mode for one density.
struct Finding {
  Trial trial;
  End end =
      End::too_long;   ///< of the best trial: reached is better than too long, which is better than diverged
  double seconds = 0;  ///< simulated, until the target; 0 unless it was reached
  int rounds = 0;
};

struct ModeResult {
  const Mode* mode = nullptr;
  std::vector<Finding> findings;  ///< [densities]
  Outcome best;  ///< with all its rounds; end != reached means that no trial of this mode reached the target
};

/// Collective. Returns [modes] results on the server, and nothing on the other ranks.
std::vector<ModeResult> study(const World& world, const Setting& setting, const Grid& grid);

/// The quickest result of a fixed mode; null if none reached the target.
const ModeResult* best_fixed(const std::vector<ModeResult>& results);

}  // namespace pliant::quadratic

// Every mode with every density and step on the same grid: when does each reach the target?
#pragma once

#include <vector>

#include "apps/quadratic/training.hpp"

namespace pliant::quadratic {

struct Grid {
  std::vector<const Mode*> modes;
  std::vector<double> densities;
  std::vector<double> steps;  ///< times 1 / L
};

/// The best of a mode's steps for one density.
struct Finding {
  Trial trial;
  End end =
      End::too_long;   ///< of the trial that came nearest: reached, otherwise too long, otherwise diverged
  double seconds = 0;  ///< simulated, until the target; 0 unless it was reached
  int rounds = 0;
};

struct ModeResult {
  const Mode* mode = nullptr;
  std::vector<Finding> findings;  ///< [densities]
  Outcome best;  ///< with all its rounds; end != reached: no trial of this mode reached the target
};

/// Collective. The server has [modes] results; the others have nothing.
std::vector<ModeResult> study(const World& world, const Setting& setting, const Grid& grid);

/// The quickest of the fixed modes that reached the target; null if none did.
const ModeResult* best_fixed(const std::vector<ModeResult>& results);

}  // namespace pliant::quadratic

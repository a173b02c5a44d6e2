// How much of a step's energy was sent, and how much is left behind.
#pragma once

#include "api/operation.hpp"

namespace pliant {

struct Energy {
  double gain = 1;              ///< in [0, 1]
  double residual_squared = 0;  ///< squared norm of what is left behind
};

/// sent / total, in [0, 1]; 1 where there is nothing. Both are squared norms of finite elements.
double gain_of(double sent_squared, double total_squared);

struct EnergyLeft {
  double squared = 0;         ///< squared norm of the tensor's residual; not finite where an element is not
  double finite_squared = 0;  ///< of its finite elements
};

/// Looks at every element: for who has met one that is not finite, whose square hides all others.
EnergyLeft energy_left(const Operation& operation);

}  // namespace pliant

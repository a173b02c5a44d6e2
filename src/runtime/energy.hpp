// Energy (squared norm) of a step: the share that was sent, and the part that is left in the residual.
#pragma once

#include "runtime/operation.hpp"

namespace pliant {

struct Energy {
  double gain = 1;              ///< in [0, 1]
  double residual_squared = 0;  ///< squared norm of the residual
};

/// sent / total, in [0, 1]; 1 if the total is 0. Both are squared norms of finite elements.
double gain_of(double sent_squared, double total_squared);

struct EnergyLeft {
  double squared = 0;         ///< squared norm of the tensor's residual; not finite if an element is not
  double finite_squared = 0;  ///< squared norm of its finite elements
};

/// Reads every element of the residual. Needed after a non-finite element was found, since its square hides
/// all others.
EnergyLeft energy_left(const Operation& operation);

}  // namespace pliant

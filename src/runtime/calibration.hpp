// Correction factors for algorithms whose cost the link model does not describe (MPI's own, Rabenseifner's).
#pragma once

#include "collectives/allreduce.hpp"
#include "runtime/context.hpp"

namespace pliant {

/// Sets the factors of `model`, whose other numbers are measured and equal on all ranks. The factors are
/// equal on all ranks, too. Takes about `max_s` [s] at most. Advances pending operations. Collective.
void calibrate(CostModel& model, Context& context, double max_s);

}  // namespace pliant

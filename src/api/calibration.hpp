// How far off the formulas are of algorithms that do what the link model does not know of.
#pragma once

#include "api/context.hpp"
#include "collectives/allreduce.hpp"

namespace pliant {

/// Sets the factors of `model`, which is measured otherwise and equal on all ranks; they are, too,
/// afterwards. Takes about `max_s` [s] at most. Collective. What is under way goes on meanwhile.
void calibrate(CostModel& model, Context& context, double max_s);

}  // namespace pliant

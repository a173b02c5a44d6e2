// Slopes of a cost formula in latency and bandwidth.
#pragma once

#include "collectives/allreduce.hpp"

namespace pliant {

/// Near `model`, the formula equals messages * alpha_s + bytes * beta_s_per_byte + fixed_s. Formulas are
/// linear in both, except where they take the minimum or maximum of several terms. Near such a switch, this
/// is the secant about the model.
struct CostSlope {
  double messages = 0;  ///< on the slowest path; >= 0
  double bytes = 0;     ///< >= 0
  double fixed_s = 0;   ///< computing, and gaps between messages; >= 0
};

CostSlope slope_of(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape, const CostModel& model);

}  // namespace pliant

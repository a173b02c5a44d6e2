// Speed of compression and reduction on this processor, measured once for the cost formulas.
#pragma once

#include "core/link_model.hpp"
#include "kernels/kernels.hpp"

namespace pliant {

/// Seconds since some fixed moment; MPI_Wtime where MPI runs.
using ClockFunction = double (*)();

/// Times the kernels and index codecs on synthetic gradients of 256 Ki elements. Each result is the median of
/// five; all take some 20 ms. team: the threads that share the work; null for none.
ComputeModel measure_compute(const Kernels& kernels, ClockFunction now_s, Team* team = nullptr);

}  // namespace pliant

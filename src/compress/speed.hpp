// How fast this processor compresses and reduces: measured once, so that cost formulas can count it.
#pragma once

#include "core/link_model.hpp"
#include "kernels/kernels.hpp"

namespace pliant {

/// Seconds since some fixed moment; MPI_Wtime where MPI runs.
using ClockFunction = double (*)();

/// Times the kernels and index codecs on made-up gradients of 256 Ki elements, medians of five; takes some 20
/// ms. team: the threads that help; null for none.
ComputeModel measure_compute(const Kernels& kernels, ClockFunction now_s, Team* team = nullptr);

}  // namespace pliant

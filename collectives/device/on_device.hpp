// Algorithms whose messages travel between device memories: NCCL's, and the MPI library's where it takes such
// pointers.
#pragma once

#include "collectives/allreduce.hpp"

namespace pliant {

extern const AllreduceAlgorithm nccl_allreduce;
extern const AllreduceAlgorithm nccl_star_allreduce;
extern const AllreduceAlgorithm mpi_star_allreduce;

}  // namespace pliant

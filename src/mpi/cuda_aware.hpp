// Whether the MPI library accepts device pointers.
#pragma once

namespace pliant {

/// Returns the library's own answer (MPIX_Query_cuda_support of Open MPI, MPICH and their derivatives); false
/// if it has no such function.
bool mpi_reads_device_memory();

}  // namespace pliant

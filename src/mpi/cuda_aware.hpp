// Whether the MPI library takes pointers to a device's memory.
#pragma once

namespace pliant {

/// As the library says itself (MPIX_Query_cuda_support of Open MPI, MPICH and those made from them); false
/// where it cannot be asked.
bool mpi_reads_device_memory();

}  // namespace pliant

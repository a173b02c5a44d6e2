#include "mpi/cuda_aware.hpp"

// An extension that libraries may have: where it is missing, its address is null.
extern "C" [[gnu::weak]] int MPIX_Query_cuda_support();

namespace pliant {

bool mpi_reads_device_memory() {
  return MPIX_Query_cuda_support != nullptr && MPIX_Query_cuda_support() != 0;
}

}  // namespace pliant

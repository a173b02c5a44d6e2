#include "mpi/cuda_aware.hpp"

// An optional extension; its address is null if the library lacks it.
extern "C" [[gnu::weak]] int MPIX_Query_cuda_support();

namespace pliant {

bool mpi_reads_device_memory() {
  return MPIX_Query_cuda_support != nullptr && MPIX_Query_cuda_support() != 0;
}

}  // namespace pliant

// Open MPI's nonblocking collectives (libnbc) read and reduce device memory on the host, and crash. A program
// linked with this file ends with a message instead.
#include <mpi.h>

#include <cstdio>
#include <cstdlib>

#include "device_double.hpp"

namespace pliant::test {
namespace {

void require_host_memory(const char* call, const void* memory) {
  DeviceDouble& device = device_double();
  const std::lock_guard lock(device.mutex());
  const Allocation* const found = device.memory().find(memory);
  if (found == nullptr || found->kind == cuda::MemoryKind::pinned) return;
  std::fprintf(stderr, "MPI double: %s of a device's memory\n", call);
  std::abort();
}

}  // namespace
}  // namespace pliant::test

extern "C" {

int MPI_Iallreduce(const void* send, void* recv, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm,
                   MPI_Request* request) {
  if (send != MPI_IN_PLACE) pliant::test::require_host_memory("MPI_Iallreduce", send);
  pliant::test::require_host_memory("MPI_Iallreduce", recv);
  return PMPI_Iallreduce(send, recv, count, type, op, comm, request);
}

int MPI_Ibcast(void* memory, int count, MPI_Datatype type, int root, MPI_Comm comm, MPI_Request* request) {
  pliant::test::require_host_memory("MPI_Ibcast", memory);
  return PMPI_Ibcast(memory, count, type, root, comm, request);
}

}  // extern "C"

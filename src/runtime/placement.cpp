#include "runtime/placement.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <string>

#include "core/error.hpp"
#include "kernels/cuda/calls.hpp"

namespace pliant {
namespace {

std::string name_of(const cuda::PointerFacts& facts) {
  switch (facts.kind) {
    case cuda::MemoryKind::device:
      return "memory of device " + std::to_string(facts.device);
    case cuda::MemoryKind::managed:
      return "managed memory of device " + std::to_string(facts.device);
    case cuda::MemoryKind::pinned:
      return "pinned host memory";
    case cuda::MemoryKind::host:
      break;
  }
  return "host memory";
}

int place_of(const cuda::PointerFacts& facts) {
  const bool on_device = facts.kind == cuda::MemoryKind::device || facts.kind == cuda::MemoryKind::managed;
  return on_device ? facts.device : kHostMemory;
}

/// Can the processor read it? Asks the operating system, without reading the memory itself.
bool is_readable(const void* pointer) {
  char byte = 0;
  const iovec here{&byte, 1};
  const iovec there{const_cast<void*>(pointer), 1};
  return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == 1;
}

// Memory that the processor can read counts as host memory even after CUDA has failed for good.
cuda::PointerFacts facts_of(const void* pointer) {
  cuda::PointerFacts facts;
  const int code = cuda::find_memory(&facts, pointer);
  if (code != 0 && is_readable(pointer)) return {};
  if (code != 0)
    throw Error(ErrorClass::other, "cuPointerGetAttribute returns " + std::to_string(code),
                "buffers lie in memory of the host or of a device",
                "An earlier CUDA call failed: look there");
  return facts;
}

}  // namespace

void refuse_device_memory() {
  throw Error(ErrorClass::buffer, "a buffer in a GPU's memory, and a call that is MPI's to do",
              "Pliant reduces float, double, 32- and 64-bit int by sum, min, max, prod on intracommunicators",
              "Use one of these, or an MPI that takes GPU pointers (PLIANT_CUDA_AWARE=1)");
}

void refuse_device_request() {
  throw Error(
      ErrorClass::buffer, "a buffer in a GPU's memory, and a request that is MPI's to carry out",
      "MPI's collectives that do not block take no GPU pointers; Pliant's requests reduce float, double, "
      "32- and 64-bit int by sum, min, max, prod",
      "Use one of these, or Pliant_Allreduce with an MPI that takes GPU pointers");
}

bool lies_on_device(const void* sendbuf, const void* recvbuf) {
  const auto on_device = [](const void* buffer) {
    return buffer != MPI_IN_PLACE && buffer != MPI_BOTTOM && place_of(facts_of(buffer)) != kHostMemory;
  };
  return on_device(recvbuf) || on_device(sendbuf);
}

bool given_device_memory(Process& process, const void* sendbuf, const void* recvbuf) {
  if (!lies_on_device(sendbuf, recvbuf)) return false;
  if (!process.mpi_reads_device()) refuse_device_memory();
  return true;
}

int device_of(const Buffers& buffers) {
  const cuda::PointerFacts recv = facts_of(buffers.recv);
  const cuda::PointerFacts send = buffers.send == buffers.recv ? recv : facts_of(buffers.send);
  const bool there = place_of(recv) != kHostMemory || place_of(send) != kHostMemory;
  if (there && cuda::calls() == nullptr)
    throw Error(ErrorClass::buffer, "a buffer lies in a GPU's memory", "this build of Pliant has no CUDA",
                "Build it where nvcc is, or copy the buffer to the host");
  if (place_of(send) != place_of(recv))
    throw Error(ErrorClass::buffer, "sendbuf is " + name_of(send) + ", recvbuf " + name_of(recv),
                "both are the host's, or both one device's", "Copy one of them to where the other is");
  return place_of(recv);
}

}  // namespace pliant

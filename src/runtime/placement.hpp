// Finds out whether a call's buffers lie in host memory or in a device's.
#pragma once

#include "runtime/buffers.hpp"
#include "runtime/process.hpp"

namespace pliant {

inline constexpr int kHostMemory = -1;

/// Throws Error(buffer): the call goes to MPI (no kernels, PLIANT_ENABLE = 0, an intercommunicator), but MPI
/// does not take its device memory.
[[noreturn]] void refuse_device_memory();
/// Throws Error(buffer) for a request: MPI's non-blocking collectives take no device memory, even in an MPI
/// whose blocking ones do.
[[noreturn]] void refuse_device_request();

/// Returns the number of the device whose memory holds the buffers (managed memory, too), or kHostMemory
/// (pinned memory, too). Throws Error(buffer) if the two lie in different memories, or on a device in a build
/// without CUDA. Asks only the driver, and initializes no device in a program that uses none.
int device_of(const Buffers& buffers);

/// Does one of the arguments of a call that goes to MPI lie in a device's memory? MPI_IN_PLACE and MPI_BOTTOM
/// do not.
bool lies_on_device(const void* sendbuf, const void* recvbuf);
/// Returns lies_on_device(). Throws Error(buffer) if it is true and MPI does not read such memory.
bool given_device_memory(Process& process, const void* sendbuf, const void* recvbuf);

}  // namespace pliant

// In whose memory a call's buffers lie.
#pragma once

#include "api/buffers.hpp"
#include "api/process.hpp"

namespace pliant {

inline constexpr int kHostMemory = -1;

/// For device memory with a datatype or operation that Pliant has no kernels for, or an intercommunicator:
/// throws Error(buffer).
[[noreturn]] void refuse_device_memory();

/// The number of the device whose memory the buffers are in, managed memory among it; kHostMemory for the
/// host's, pinned or not. Throws Error(buffer) where the two lie apart, or on a device of which this build
/// knows nothing.
int device_of(Process& process, const Buffers& buffers);

/// Does one of the arguments of a call that only passes through lie in a device's memory? MPI_IN_PLACE and
/// MPI_BOTTOM do not. Throws Error(buffer) if it does and MPI does not read such memory.
bool given_device_memory(Process& process, const void* sendbuf, const void* recvbuf);

}  // namespace pliant

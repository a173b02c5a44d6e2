// In whose memory a call's buffers lie.
#pragma once

#include "api/buffers.hpp"
#include "api/process.hpp"

namespace pliant {

inline constexpr int kHostMemory = -1;

/// For device memory that is MPI's to reduce (its datatype or operation has no kernels, PLIANT_ENABLE = 0, an
/// intercommunicator), where MPI does not take it: throws Error(buffer).
[[noreturn]] void refuse_device_memory();
/// The same for a request: MPI's collectives that do not block take no such memory, whatever else it takes.
[[noreturn]] void refuse_device_request();

/// The number of the device whose memory the buffers are in, managed memory among it; kHostMemory for the
/// host's, pinned or not. Throws Error(buffer) where the two lie apart, or on a device of which this build
/// knows nothing. Asks the driver alone, and no device of a program that uses none.
int device_of(const Buffers& buffers);

/// Does one of the arguments of a call that only passes through lie in a device's memory? MPI_IN_PLACE and
/// MPI_BOTTOM do not.
bool lies_on_device(const void* sendbuf, const void* recvbuf);
/// The same. Throws Error(buffer) if it does and MPI does not read such memory.
bool given_device_memory(Process& process, const void* sendbuf, const void* recvbuf);

}  // namespace pliant

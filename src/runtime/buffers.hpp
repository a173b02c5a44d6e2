// Checks of a caller's arguments, made before the call has any effect.
#pragma once

#include <mpi.h>

#include <cstdint>

namespace pliant {

/// A checked pair of buffers; send == recv when in place.
struct Buffers {
  const void* send = nullptr;
  void* recv = nullptr;
};

/// Throws Error(count) for a negative count.
void check_count(std::int64_t count);

/// Checks the arguments of a call that Pliant carries out itself. Throws as check_count(), and Error(buffer)
/// for null or overlapping buffers. `bytes` is the length of each buffer.
Buffers check_buffers(const void* sendbuf, void* recvbuf, std::int64_t count, std::int64_t bytes);

}  // namespace pliant

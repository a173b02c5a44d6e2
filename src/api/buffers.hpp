// Checks of what a caller passes, before anything happens.
#pragma once

#include <mpi.h>

#include <cstdint>

namespace pliant {

/// A pair of buffers after the checks; send equals recv when in place.
struct Buffers {
  const void* send = nullptr;
  void* recv = nullptr;
};

/// Throws Error(count) for a negative count.
void check_count(std::int64_t count);

/// Of a call that Pliant itself carries out: check_count(), and Error(buffer) for null or overlapping
/// buffers. `bytes` is what each buffer holds.
Buffers check_buffers(const void* sendbuf, void* recvbuf, std::int64_t count, std::int64_t bytes);

}  // namespace pliant

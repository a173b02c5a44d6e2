// A system that may refuse shared memory, and counts reservations. Include it in one file of a test program.
#pragma once

#include <fcntl.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

namespace pliant::test {

inline std::atomic<bool> refuses_memory{false};
inline std::atomic<std::int64_t> memory_reserved{0};  ///< number of calls
inline std::atomic<std::int64_t> memory_bytes{0};

}  // namespace pliant::test

/// Replaces the C library's function, which reserves memory for the ranks of a host.
extern "C" int posix_fallocate(int file, off_t begin, off_t bytes) {
  ++pliant::test::memory_reserved;
  pliant::test::memory_bytes += bytes;
  if (pliant::test::refuses_memory) return ENOSPC;
  return fallocate(file, 0, begin, bytes) == 0 ? 0 : errno;
}

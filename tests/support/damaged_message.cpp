#include "tests/support/damaged_message.hpp"

#include <mpi.h>

#include <cstring>
#include <list>
#include <vector>

namespace pliant::test {

std::atomic<bool> damages_next = false;

namespace {

/// Copies of damaged messages, which MPI reads until they are sent.
std::list<std::vector<unsigned char>> damaged_messages;

/// Coded messages begin with these bytes.
bool is_coded(const void* bytes, int count) {
  const unsigned char magic[] = {0x50, 0x4c, 0x54, 0x9c};
  return count > 40 && std::memcmp(bytes, magic, sizeof magic) == 0;
}

}  // namespace
}  // namespace pliant::test

extern "C" int MPI_Isend(const void* buffer, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm,
                         MPI_Request* request) {
  using namespace pliant::test;
  if (!damages_next || type != MPI_BYTE || !is_coded(buffer, count) || !damages_next.exchange(false))
    return PMPI_Isend(buffer, count, type, to, tag, comm, request);
  const auto* const bytes = static_cast<const unsigned char*>(buffer);
  damaged_messages.emplace_back(bytes, bytes + count).back() ^= 4;
  return PMPI_Isend(damaged_messages.back().data(), count, type, to, tag, comm, request);
}

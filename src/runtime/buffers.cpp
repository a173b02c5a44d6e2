#include "runtime/buffers.hpp"

#include <functional>
#include <string>

#include "core/error.hpp"

namespace pliant {

void check_count(std::int64_t count) {
  if (count < 0)
    throw Error(ErrorClass::count, quoted("count", std::to_string(count)), "must be >= 0",
                "Pass the number of elements, not of bytes");
}

Buffers check_buffers(const void* sendbuf, void* recvbuf, std::int64_t count, std::int64_t bytes) {
  check_count(count);
  const void* send = sendbuf == MPI_IN_PLACE ? recvbuf : sendbuf;
  if (count == 0) return {send, recvbuf};
  if (send == nullptr || recvbuf == nullptr || recvbuf == MPI_IN_PLACE)
    throw Error(ErrorClass::buffer,
                std::string(recvbuf == nullptr || recvbuf == MPI_IN_PLACE ? "recvbuf" : "sendbuf") + " is " +
                    (recvbuf == MPI_IN_PLACE ? "MPI_IN_PLACE" : "NULL") + " with " +
                    quoted("count", std::to_string(count)),
                "both buffers hold count elements; MPI_IN_PLACE may stand for sendbuf", "Pass the buffer");
  const auto* first = static_cast<const char*>(send);
  const auto* second = static_cast<const char*>(recvbuf);
  const bool apart = std::less_equal<>()(first + bytes, second) || std::less_equal<>()(second + bytes, first);
  if (send != recvbuf && !apart)
    throw Error(ErrorClass::buffer, "sendbuf and recvbuf overlap", "they are apart, or the same memory",
                "Use MPI_IN_PLACE to reduce in place");
  return {send, recvbuf};
}

}  // namespace pliant

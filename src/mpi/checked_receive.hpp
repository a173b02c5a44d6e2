// A receive that looks at its message before MPI is given memory for it.
//
// Open MPI 4.1 writes a message that is longer than the room of its receive past the room's end, where the
// message is taken from the sender's memory in one piece: above 4 KiB between processes of a host, above
// 64 KiB over TCP. It reports MPI_ERR_TRUNCATE afterwards. So no receive is posted: its message is matched
// first (MPI_Improbe), and one that does not fit goes elsewhere.
#pragma once

#include <mpi.h>

#include <cstddef>
#include <memory>
#include <span>

namespace pliant {

enum class Length {
  exact,    ///< the message fills its room
  at_most,  ///< it may be shorter
};

class CheckedReceive {
 public:
  void expect(std::span<std::byte> room, int from, Length length);
  /// Has its message come? Matches it, if so. Messages of one sender are matched in the order of the calls.
  bool match(MPI_Comm comm, int tag);
  /// Is it complete? Only once it is matched.
  bool test();
  /// Block until it is complete, if it is matched; otherwise its message is left.
  void finish();

  bool matched() const { return matched_; }
  int from() const { return from_; }
  std::size_t bytes() const { return bytes_; }  ///< of the message, once it is matched
  /// Throws Error(argument) if the message had another length than expected, Error(mpi). Once complete.
  void check() const;

 private:
  bool is_wrong() const {
    return bytes_ > room_.size() || (length_ == Length::exact && bytes_ < room_.size());
  }

  std::span<std::byte> room_;
  int from_ = MPI_PROC_NULL;
  Length length_ = Length::exact;
  bool matched_ = false;
  std::size_t bytes_ = 0;
  MPI_Request request_ = MPI_REQUEST_NULL;
  int code_ = MPI_SUCCESS;
  std::unique_ptr<std::byte[]> elsewhere_;  // for a message longer than its room
};

}  // namespace pliant

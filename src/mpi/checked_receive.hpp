// A receive that checks the length of its message before MPI gets memory for it.
//
// Open MPI 4.1 writes past the end of a receive buffer if a longer message is copied from the sender's memory
// in one piece. That happens above 4 KiB between processes of a host, and above 64 KiB over TCP.
// MPI_ERR_TRUNCATE is only reported afterwards. So the message is matched first (MPI_Improbe), and one that
// does not fit goes to a temporary buffer.
#pragma once

#include <mpi.h>

#include <cstddef>
#include <memory>
#include <span>

#include "mpi/telemetry.hpp"

namespace pliant {

enum class Length {
  exact,    ///< the message fills its buffer
  at_most,  ///< the message may be shorter
};

class CheckedReceive {
 public:
  /// @param telemetry  if not null, its message comes first
  void expect(std::span<std::byte> room, int from, Length length, Telemetry* telemetry = nullptr);
  /// Returns whether the message has arrived, and matches it if so. Messages of one sender are matched in the
  /// order of the calls.
  bool match(MPI_Comm comm, int tag);
  /// Returns whether the message is complete. False until it is matched.
  bool test();
  /// Blocks until a matched message is complete. Does nothing if it is not matched.
  void finish();

  bool matched() const { return matched_; }
  int from() const { return from_; }
  std::size_t bytes() const { return bytes_; }  ///< length of the matched message
  /// Throws Error(argument) if the message has a wrong length, Error(mpi) if MPI failed. Call once it is
  /// complete.
  void check() const;

 private:
  bool is_wrong() const {
    return bytes_ > room_.size() || (length_ == Length::exact && bytes_ < room_.size());
  }

  std::span<std::byte> room_;
  int from_ = MPI_PROC_NULL;
  Length length_ = Length::exact;
  Telemetry* telemetry_ = nullptr;  // its message has not come yet
  bool matched_ = false;
  std::size_t bytes_ = 0;
  MPI_Request request_ = MPI_REQUEST_NULL;
  int code_ = MPI_SUCCESS;
  std::unique_ptr<std::byte[]> elsewhere_;  // for a message longer than its buffer
};

}  // namespace pliant

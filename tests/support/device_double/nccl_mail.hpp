// Messages between ranks of one communicator of the NCCL double: none blocks, all can be called off.
#pragma once

#include <mpi.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

namespace pliant::test {

using Bytes = std::vector<std::byte>;

/// A message on its way in.
class Incoming {
 public:
  /// Of at most `bytes` from a rank of MPI_COMM_WORLD.
  Incoming(int from, int tag, std::size_t bytes);
  ~Incoming();  ///< calls it off
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  bool arrived();
  const Bytes& bytes() const { return bytes_; }  ///< of a message that has arrived
  int from() const { return from_; }

 private:
  Bytes bytes_;
  int from_;
  MPI_Request request_ = MPI_REQUEST_NULL;
};

/// Messages on their way out. One that nobody takes any more is left to MPI, with its memory.
class Outgoing {
 public:
  Outgoing() = default;
  ~Outgoing();
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  void send(int to, int tag, Bytes bytes);
  bool all_gone();

 private:
  struct Message {
    Bytes bytes;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  std::deque<std::unique_ptr<Message>> messages_;
};

}  // namespace pliant::test

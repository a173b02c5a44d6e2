// Messages between ranks of a communicator of the NCCL double. They never block, and all can be cancelled.
#pragma once

#include <mpi.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

namespace pliant::test {

using Bytes = std::vector<std::byte>;

/// A message to be received.
class Incoming {
 public:
  /// At most `bytes`, from a rank of MPI_COMM_WORLD.
  Incoming(int from, int tag, std::size_t bytes);
  ~Incoming();  ///< cancels it
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  bool arrived();
  const Bytes& bytes() const { return bytes_; }  ///< valid once the message has arrived
  int from() const { return from_; }

 private:
  Bytes bytes_;
  int from_;
  MPI_Request request_ = MPI_REQUEST_NULL;
};

/// Messages to be sent. One that nobody will receive is left to MPI together with its memory.
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

// Messages under way between this rank and others: sends and receives, each of which complete in the order in
// which they were posted.
#pragma once

#include <mpi.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/task.hpp"
#include "mpi/communicator.hpp"

namespace pliant {

/// At most kMost of either. What is left when it goes is waited for (sends) or cancelled (receives), so that
/// no buffer is freed under MPI; only an error leaves some.
class Flow {
 public:
  static constexpr int kMost = 16;

  enum class Event { received, sent };

  /// tag: both ends of a flow use the same, and no other flow between them does.
  Flow(Communicator& comm, int tag) : comm_(comm), tag_(tag) {}
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;
  ~Flow();

  bool can_send() const { return sends_.used < kMost; }
  bool can_receive() const { return receives_.used < kMost; }
  int sending() const { return sends_.used; }
  int receiving() const { return receives_.used; }
  std::int64_t sent() const { return sends_.completed; }  ///< sends that have completed
  std::int64_t received() const { return receives_.completed; }
  std::size_t received_bytes() const { return received_bytes_; }  ///< of the last receive that completed

  /// At most Communicator::kPieceBytes each; MPI_PROC_NULL is not taken. Throw Error(mpi).
  void send(std::span<const std::byte> bytes, int to);
  void receive(std::span<std::byte> room, int from);

  /// co_await flow.next(...): the oldest receive has completed; or, where sends are asked for or no receive
  /// is under way, the oldest send. Something must be under way. Throws Error(mpi).
  struct Next;
  Next next(bool or_sent = false);

 private:
  /// Requests in order of posting.
  struct Queue {
    std::array<MPI_Request, kMost> requests{};
    int first = 0;
    int used = 0;
    std::int64_t completed = 0;

    MPI_Request& oldest() { return requests[static_cast<std::size_t>(first)]; }
    MPI_Request* post();
    void pop();
  };

  static bool ready(void* flow);
  static void block(void* flow);
  bool sends_matter() const;
  bool test(Queue& queue);
  void note(Queue& queue, const MPI_Status& status);

  Communicator& comm_;
  int tag_;
  Queue sends_;
  Queue receives_;
  bool or_sent_ = false;
  bool happened_ = false;  // an event that nobody has been told of
  Event event_ = Event::received;
  std::size_t received_bytes_ = 0;
  int code_ = MPI_SUCCESS;
};

struct Flow::Next : Until {
  Flow& flow;

  explicit Next(Flow& of) : Until{{Flow::ready, Flow::block, &of}}, flow(of) {}
  Event await_resume() const;
};

inline Flow::Next Flow::next(bool or_sent) {
  or_sent_ = or_sent;
  return Next(*this);
}

}  // namespace pliant

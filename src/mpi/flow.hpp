// Messages under way between this rank and others: sends and receives, each of which complete in the order in
// which they were posted.
#pragma once

#include <mpi.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/task.hpp"
#include "mpi/checked_receive.hpp"
#include "mpi/communicator.hpp"

namespace pliant {

/// At most kMost of either. Only an error leaves some when it goes: a receive whose message has come is
/// waited for then, and sends are the communicator's to settle.
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

  /// At most Communicator::kPieceBytes each; MPI_PROC_NULL is not taken. Throws Error(mpi).
  void send(std::span<const std::byte> bytes, int to);
  /// A message of another length than `room` ends the flow with Error(argument).
  void receive(std::span<std::byte> room, int from) { expect(room, from, Length::exact); }
  /// A message may be shorter, as received_bytes() tells; only a longer one ends the flow.
  void receive_up_to(std::span<std::byte> room, int from) { expect(room, from, Length::at_most); }

  /// co_await flow.next(...): the oldest receive has completed; or, where sends are asked for or no receive
  /// is under way, the oldest send. Something must be under way. Throws Error(mpi), and Error(argument) for a
  /// message of the wrong length.
  struct Next;
  Next next(bool or_sent = false);

 private:
  /// In order of posting, at most kMost.
  template <class Item>
  struct Queue {
    std::array<Item, kMost> items{};
    int first = 0;
    int used = 0;
    std::int64_t completed = 0;

    Item& at(int place) { return items[static_cast<std::size_t>((first + place) % kMost)]; }
    Item& oldest() { return at(0); }
    Item& add() { return at(used++); }
    void pop() {
      first = (first + 1) % kMost;
      --used;
      ++completed;
    }
  };

  struct Send {
    MPI_Request request = MPI_REQUEST_NULL;
    int to = MPI_PROC_NULL;
  };

  static bool ready(void* flow);
  void expect(std::span<std::byte> room, int from, Length length);
  void match_arrivals();
  bool sends_matter() const;
  bool test_receives();
  bool test_sends();

  Communicator& comm_;
  int tag_;
  Queue<Send> sends_;
  Queue<CheckedReceive> receives_;
  bool or_sent_ = false;
  bool happened_ = false;  // an event that nobody has been told of
  Event event_ = Event::received;
  std::size_t received_bytes_ = 0;
  const CheckedReceive* received_ = nullptr;  // the one of event_; null: it is a send
  int code_ = MPI_SUCCESS;                    // of a send
};

struct Flow::Next : Until {
  Flow& flow;

  // Never blocks: MPI would match a message unseen, and hide the notice of a rank that has failed.
  explicit Next(Flow& of) : Until{{Flow::ready, nullptr, &of}}, flow(of) {}
  Event await_resume() const;
};

inline Flow::Next Flow::next(bool or_sent) {
  or_sent_ = or_sent;
  return Next(*this);
}

}  // namespace pliant

// Pending messages between this rank and others. Sends complete in the order in which they were posted, and
// so do receives.
#pragma once

#include <mpi.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/task.hpp"
#include "mpi/checked_receive.hpp"
#include "mpi/communicator.hpp"
#include "mpi/telemetry.hpp"

namespace pliant {

/// Holds at most kMost of either. Only an error leaves some when a flow is destroyed. The destructor then
/// waits for receives whose message has arrived, and leaves sends to the communicator.
class Flow {
 public:
  static constexpr int kMost = 16;

  enum class Event { received, sent };

  /// tag: both ends of a flow use the same tag, and no other flow between them does. telemetry: travels in front of the
  /// messages that both ends say carry it; null: none does.
  Flow(Communicator& comm, int tag, Telemetry* telemetry = nullptr)
      : comm_(comm), tag_(tag), telemetry_(telemetry) {}
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;
  ~Flow();

  bool can_send() const { return sends_.used < kMost; }
  bool can_receive() const { return receives_.used < kMost; }
  int sending() const { return sends_.used; }
  int receiving() const { return receives_.used; }
  std::int64_t sent() const { return sends_.completed; }  ///< sends that have completed
  std::int64_t received() const { return receives_.completed; }
  std::size_t received_bytes() const { return received_bytes_; }  ///< of the last completed receive

  /// At most Communicator::kPieceBytes per message; MPI_PROC_NULL is not allowed. Throws Error(mpi).
  void send(std::span<const std::byte> bytes, int to, bool carries = false);
  /// A message whose length is not that of `room` ends the flow with Error(argument).
  void receive(std::span<std::byte> room, int from, bool carries = false) {
    expect(room, from, Length::exact, carries);
  }
  /// Accepts shorter messages (see received_bytes()). Only a longer one ends the flow.
  void receive_up_to(std::span<std::byte> room, int from, bool carries = false) {
    expect(room, from, Length::at_most, carries);
  }

  /// co_await flow.next(...): the oldest receive has completed. If sends count, too, or no receive is
  /// pending, the oldest send may have completed instead. At least one message must be pending. Throws
  /// Error(mpi), and Error(argument) for a message of the wrong length.
  struct Next;
  Next next(bool or_sent = false);

 private:
  /// A queue in order of posting, of at most kMost items.
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
  void expect(std::span<std::byte> room, int from, Length length, bool carries);
  void match_arrivals();
  bool sends_matter() const;
  bool test_receives();
  bool test_sends();

  Communicator& comm_;
  int tag_;
  Telemetry* telemetry_;
  Queue<Send> sends_;
  Queue<CheckedReceive> receives_;
  bool or_sent_ = false;
  bool happened_ = false;  // an event that no caller has seen yet
  Event event_ = Event::received;
  std::size_t received_bytes_ = 0;
  const CheckedReceive* received_ = nullptr;  // the receive of event_; null for a send
  int code_ = MPI_SUCCESS;                    // return code of a send
};

struct Flow::Next : Until {
  Flow& flow;

  // Never blocks in MPI, which would match a message unseen and hide the notice of a failed rank.
  explicit Next(Flow& of) : Until{{Flow::ready, nullptr, &of}}, flow(of) {}
  Event await_resume() const;
};

inline Flow::Next Flow::next(bool or_sent) {
  or_sent_ = or_sent;
  return Next(*this);
}

}  // namespace pliant

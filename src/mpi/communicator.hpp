// A private duplicate of the user's communicator, and the messages that the algorithms send on it.
#pragma once

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace pliant {

/// Messages and bytes that one rank has sent through a Communicator.
struct Traffic {
  std::int64_t messages = 0;
  std::int64_t bytes = 0;

  Traffic operator+(const Traffic& more) const { return {messages + more.messages, bytes + more.bytes}; }
  Traffic operator-(const Traffic& less) const { return {messages - less.messages, bytes - less.bytes}; }
  friend bool operator==(const Traffic&, const Traffic&) = default;
};

/// Owns the duplicate, whose messages never mix with the user's. Move-only. Errors throw Error(mpi).
class Communicator {
 public:
  /// Duplicates `user`, collectively. MPI runs `user`'s error handler if this fails. The duplicate returns
  /// error codes, whatever handler `user` has.
  static Communicator duplicate(MPI_Comm user);
  /// Duplicates one of Pliant's communicators, collectively.
  static Communicator duplicate(const Communicator& comm);
  /// Collective over `comm`. Returns the communicator of the ranks with the same color, ordered by `place`,
  /// then by rank.
  static Communicator split(const Communicator& comm, int color, int place = 0);
  /// Collective over `comm`. Returns the ranks that can share memory with this one, in rank order.
  static Communicator on_this_host(const Communicator& comm);

  Communicator(Communicator&& other) noexcept;
  Communicator& operator=(Communicator&&) = delete;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;
  /// Frees the duplicate. Collective, like MPI_Comm_free.
  ~Communicator();

  int rank() const { return rank_; }
  int ranks() const { return ranks_; }
  MPI_Comm handle() const { return comm_; }
  const Traffic& traffic() const { return traffic_; }

  /// Sends any number of bytes; blocks. Messages longer than 2^30 bytes travel in pieces. Zero bytes send no
  /// message.
  void send(std::span<const std::byte> bytes, int to);
  void receive(std::span<std::byte> bytes, int from);
  /// Send and receive at the same time. Both buffers are free to use afterwards. A message whose length
  /// differs from `in` throws Error(argument), and nothing is written past `in`. Both exchange() and
  /// complete() announce their errors to all ranks, and throw Error(other) if another rank has announced one.
  void exchange(std::span<const std::byte> out, int to, std::span<std::byte> in, int from);

  /// Blocks until the request is complete, and calls the function of set_idle() meanwhile. Throws Error(mpi).
  /// After that MPI may still use the request's memory, so never free it.
  void complete(MPI_Request& request) const;
  /// Sets a function that is called repeatedly with `of` while a call here waits. Null: none, and MPI may
  /// block.
  void set_idle(void (*idle)(void* of), void* of) {
    idle_ = idle;
    idle_of_ = of;
  }

  // ---- How ranks learn that another one has failed ----
  //
  // A rank that gives up an operation sends one empty message to every other rank. Nobody receives this
  // notice; a waiting rank probes for it now and then. The duplicate must never be freed, on any rank: MPI
  // may reuse its number for a later communicator, which would then find the notice.

  /// The tag of notices, which no other message has.
  static constexpr int kFailureTag = 6;
  /// Collective. Keeps, and never frees, a duplicate on which a rank may have announced a failure.
  static void keep_for_ever(Communicator&& comm) { static_cast<void>(new Communicator(std::move(comm))); }
  /// Notifies all other ranks. Local; later calls do nothing.
  void announce_failure() const;
  bool has_announced_failure() const { return announced_; }
  /// Returns a rank that has announced a failure; -1 if this rank knows of none. Local.
  int failed_rank() const { return look_for_notice(MPI_ANY_SOURCE); }
  /// Takes over a send to rank `to` whose operation was given up here. That rank may still receive it, so its
  /// memory must stay until settled(). Announces the failure.
  void leave_send(MPI_Request send, int to);
  /// Returns whether the memory of all sends of leave_send() may be freed. A send to a rank that has also
  /// given up is left to MPI, since nobody receives it. Local.
  bool settled();

  /// The longest single message, below INT_MAX, MPI 3.1's limit for a count.
  static constexpr std::int64_t kPieceBytes = std::int64_t{1} << 30;
  /// Count a message that other code sent on handle().
  void count_sent(std::size_t bytes) { count({1, static_cast<std::int64_t>(bytes)}); }
  /// From now on, also counts this communicator's messages for `whole`, which must outlive it.
  void count_for(Communicator& whole) { whole_ = &whole; }
  /// Add an estimate of the bytes that MPI's own collectives sent on handle().
  void add_estimated_bytes(std::int64_t bytes) { traffic_.bytes += bytes; }

 private:
  void count(const Traffic& sent) {
    traffic_ = traffic_ + sent;
    if (whole_ != nullptr) whole_->count(sent);
  }
  struct LeftSend {
    MPI_Request request;
    int to;
  };
  /// Takes ownership of `comm`.
  explicit Communicator(MPI_Comm comm);
  int look_for_notice(int of) const;
  /// Call after each unsuccessful poll. Throws Error(other) if a rank has announced a failure.
  void require_no_failure(int looks) const;
  void idle() const;

  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0;
  int ranks_ = 1;
  Traffic traffic_;
  Communicator* whole_ = nullptr;
  mutable bool announced_ = false;
  std::vector<LeftSend> left_;
  void (*idle_)(void*) = nullptr;
  void* idle_of_ = nullptr;
};

}  // namespace pliant

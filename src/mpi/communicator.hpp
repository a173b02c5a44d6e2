// A private duplicate of the user's communicator, and the messages the algorithms send on it.
#pragma once

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace pliant {

/// What one rank has sent through a Communicator.
struct Traffic {
  std::int64_t messages = 0;
  std::int64_t bytes = 0;

  Traffic operator+(const Traffic& more) const { return {messages + more.messages, bytes + more.bytes}; }
  Traffic operator-(const Traffic& less) const { return {messages - less.messages, bytes - less.bytes}; }
  friend bool operator==(const Traffic&, const Traffic&) = default;
};

/// Owns the duplicate: messages on it never meet the user's. Move-only. Errors throw Error(mpi).
class Communicator {
 public:
  /// Collective over `user`, whose error handler MPI runs if it fails. The duplicate returns error codes,
  /// whatever handler `user` has.
  static Communicator duplicate(MPI_Comm user);
  /// The same of a communicator of Pliant's.
  static Communicator duplicate(const Communicator& comm);
  /// Collective over `comm`: the ranks that give the same color, by place, and in their order there.
  static Communicator split(const Communicator& comm, int color, int place = 0);
  /// Collective over `comm`: the ranks that can share memory with this one, in their order there.
  static Communicator on_this_host(const Communicator& comm);

  Communicator(Communicator&& other) noexcept;
  Communicator& operator=(Communicator&&) = delete;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;
  /// Frees the duplicate. Collective, as MPI_Comm_free is.
  ~Communicator();

  int rank() const { return rank_; }
  int ranks() const { return ranks_; }
  MPI_Comm handle() const { return comm_; }
  const Traffic& traffic() const { return traffic_; }

  /// Blocking. Any number of bytes; messages of 2^30 bytes and more travel in pieces. No bytes: no message.
  void send(std::span<const std::byte> bytes, int to);
  void receive(std::span<std::byte> bytes, int from);
  /// Send and receive at the same time. Both buffers are free to use afterwards. A message of another length
  /// than `in` throws Error(argument), and nothing is written beyond. An error here is announced to all
  /// ranks, and so is one of complete(); both throw Error(other) where another rank has announced one.
  void exchange(std::span<const std::byte> out, int to, std::span<std::byte> in, int from);

  /// Block until it is complete; what set_idle() named runs meanwhile. Throws Error(mpi). If it throws,
  /// MPI may go on with the request: never free its memory then.
  void complete(MPI_Request& request) const;
  /// Called again and again with `of` while a function here waits; null: nothing is, and MPI may block.
  void set_idle(void (*idle)(void* of), void* of) {
    idle_ = idle;
    idle_of_ = of;
  }

  // ---- What tells ranks that another one has failed ----
  //
  // A rank that gives an operation up sends every other rank one empty message, which nobody receives: who
  // waits for a message looks for it now and again. Such a duplicate must never be freed, on any rank: MPI may
  // give its number to a later one, which the notice would reach.

  /// The notices' tag: no operation's messages have it.
  static constexpr int kFailureTag = 6;
  /// Collective: takes over a duplicate on which a rank may have announced a failure, and never frees it.
  static void keep_for_ever(Communicator&& comm) { static_cast<void>(new Communicator(std::move(comm))); }
  /// Tell all other ranks. Local; once is enough.
  void announce_failure() const;
  bool has_announced_failure() const { return announced_; }
  /// A rank that has announced one; -1: none has that this rank could know of. Local.
  int failed_rank() const { return look_for_notice(MPI_ANY_SOURCE); }
  /// A send to rank `to` whose operation was given up here. That rank may yet receive it, and its memory is
  /// to stay until settled(). Announces the failure.
  void leave_send(MPI_Request send, int to);
  /// May the memory of all that leave_send() was given be freed? A send to a rank that has given up, too, is
  /// left to MPI: nobody receives it. Local.
  bool settled();

  /// The longest single message: below INT_MAX, MPI 3.1's limit for a count.
  static constexpr std::int64_t kPieceBytes = std::int64_t{1} << 30;
  /// Count a message that something else sent on handle().
  void count_sent(std::size_t bytes) { count({1, static_cast<std::int64_t>(bytes)}); }
  /// From now on what is sent here counts for `whole`, too, which must outlive this.
  void count_for(Communicator& whole) { whole_ = &whole; }
  /// Count bytes that MPI's own collectives sent on handle(), by estimate.
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
  /// Takes it over.
  explicit Communicator(MPI_Comm comm);
  int look_for_notice(int of) const;
  /// To be asked after each look in vain. Throws Error(other).
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

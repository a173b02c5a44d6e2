// The ranks that share this rank's host, and what they share: memory to meet in, and a leader on the network.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "mpi/communicator.hpp"
#include "mpi/host_lanes.hpp"
#include "mpi/host_layout.hpp"
#include "mpi/shared_segment.hpp"

namespace pliant {

/// Who shares a host, as MPI_Comm_split_type(SHARED) finds it, and the caches that ranks are bound to.
/// Collective. Throws Error(mpi).
HostLayout find_hosts(const Communicator& comm);

/// Made and destroyed collectively. Memory comes when the first call can use it, and is given up locally.
/// Where every host has one rank, or the system refuses shared memory, the layout is flat and there is
/// nothing to share.
class HostGroup {
 public:
  /// As find_hosts() finds them. Throws Error(mpi).
  explicit HostGroup(Communicator& comm);
  /// As HostLayout takes them; equal on all ranks, and marks equal only for ranks that could share memory.
  HostGroup(Communicator& comm, std::span<const int> marks, std::span<const Locality> localities = {});
  HostGroup(const HostGroup&) = delete;
  HostGroup& operator=(const HostGroup&) = delete;

  const HostLayout& layout() const { return layout_; }
  int host() const { return layout_.host_of(rank_); }
  /// Place among the ranks of the host, in the layout's order.
  int local_rank() const { return local_rank_; }
  int local_ranks() const { return static_cast<int>(layout_.members(host()).size()); }
  bool leads() const { return local_rank_ == 0; }
  /// Local ranks at which a domain of the host begins, and their number; or all ranks as if they were one.
  std::span<const int> domains() const { return layout_.domains(host()); }
  std::span<const int> undivided() const { return undivided_; }
  /// Hosts have several ranks, but the system refused memory for them, or for their requests.
  bool refused() const { return refused_ || (request_lanes_ && request_lanes_->refused()); }

  /// What to say then.
  static constexpr const char* kRefusal =
      "no memory that the ranks of a host could share: they send messages instead. Look at the room in "
      "/dev/shm, or where your MPI library keeps its files";

  /// One rank a host, in their order: what leaders have here, once there are lanes. The other ranks have one
  /// of their own, unused. What is sent on it counts for the communicator of all, too.
  Communicator& leaders();
  /// As Communicator's, for the messages among leaders.
  void announce_failure() {
    if (leaders_) leaders_->announce_failure();
  }
  bool settled() { return !leaders_ || leaders_->settled(); }
  /// Lanes of blocking calls that reduce so many bytes; null where the layout is flat, or the system refuses
  /// memory. Collective where there were none, or too short ones: all ranks ask for the same calls, in one
  /// order. Replaces what lanes() gave before.
  HostLanes* lanes_for(std::int64_t bytes);
  /// The lanes there are now; null: none.
  HostLanes* lanes() { return lanes_ ? &*lanes_ : nullptr; }

  /// Gives lanes back when it goes; locally.
  class GiveBack {
   public:
    void operator()(HostLanes* lanes) const { lanes->group().request_lanes_->give_back(*lanes, in_step); }
    bool in_step = true;  ///< see LanePool
  };
  using RequestLanes = std::unique_ptr<HostLanes, GiveBack>;
  /// Lanes of a request's own, so that starts may come in any order. Collective over the communicator this
  /// was made on; null on all ranks where the layout is flat, or the system refuses memory.
  RequestLanes take_lanes();

 private:
  HostGroup(Communicator& comm, HostLayout layout);

  void make_lanes(std::int64_t slot_bytes);
  void connect_leaders();

  Communicator& comm_;
  HostLayout layout_;
  int rank_;
  int local_rank_ = 0;
  std::array<int, 2> undivided_{};
  bool refused_ = false;
  std::optional<Communicator> leaders_;
  std::unique_ptr<SharedSegment> segment_;
  std::optional<HostLanes> lanes_;
  std::optional<LanePool> request_lanes_;
};

}  // namespace pliant

// The ranks of this rank's host, and what they share: memory, and a leader for the network.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "mpi/communicator.hpp"
#include "mpi/host_channels.hpp"
#include "mpi/host_layout.hpp"
#include "mpi/shared_segment.hpp"

namespace pliant {

/// Finds the ranks that share a host, by MPI_Comm_split_type(SHARED), and the caches that they are bound to.
/// Collective. Throws Error(mpi).
HostLayout find_hosts(const Communicator& comm);

/// Made and destroyed collectively. Shared memory is allocated for the first call that can use it, and
/// released locally. If every host has one rank, or the system refuses shared memory, the layout is flat and
/// nothing is shared.
class HostGroup {
 public:
  /// Uses the layout of find_hosts(). Throws Error(mpi).
  explicit HostGroup(Communicator& comm);
  /// Arguments as in HostLayout, equal on all ranks. Marks may be equal only for ranks that could share
  /// memory.
  HostGroup(Communicator& comm, std::span<const int> marks, std::span<const Locality> localities = {});
  HostGroup(const HostGroup&) = delete;
  HostGroup& operator=(const HostGroup&) = delete;

  const HostLayout& layout() const { return layout_; }
  int host() const { return layout_.host_of(rank_); }
  /// Position among the ranks of the host, in the layout's order.
  int local_rank() const { return local_rank_; }
  int local_ranks() const { return static_cast<int>(layout_.members(host()).size()); }
  bool leads() const { return local_rank_ == 0; }
  /// True if hosts have several ranks, but the system refused memory for them or for their requests.
  bool refused() const { return refused_ || (request_channels_ && request_channels_->refused()); }

  /// The warning for refused().
  static constexpr const char* kRefusal =
      "no memory that the ranks of a host could share: they send messages instead. Look at the room in "
      "/dev/shm, or where your MPI library keeps its files";

  /// The communicator of the leaders, one rank per host in host order. Valid once there is a host channel.
  /// On other ranks it is a separate communicator, unused. Messages on it also count for the communicator of
  /// all ranks.
  Communicator& leaders();
  /// Like Communicator::announce_failure(), for the messages among leaders.
  void announce_failure() {
    if (leaders_) leaders_->announce_failure();
  }
  bool settled() { return !leaders_ || leaders_->settled(); }
  /// Returns the host channel of blocking calls that reduce so many bytes. Null if the layout is flat, or the
  /// system refuses memory. Collective if there is no channel yet, or its slots are too short: all ranks must
  /// pass the same calls in the same order. Replaces the previous result of `channels()`.
  HostChannels* channels_for(std::int64_t bytes);
  /// Returns the present host channel of blocking calls; null if there is none.
  HostChannels* channels() { return channels_ ? &*channels_ : nullptr; }

  /// Releases a host channel; local.
  class GiveBack {
   public:
    void operator()(HostChannels* channels) const {
      channels->group().request_channels_->give_back(*channels, in_step);
    }
    bool in_step = true;  ///< see ChannelPool::give_back()
  };
  using RequestChannels = std::unique_ptr<HostChannels, GiveBack>;
  /// Returns a host channel of a request's own, so that requests may be started in any order. Collective over
  /// the communicator of the constructor. Null on all ranks if the layout is flat, or the system refuses
  /// memory.
  RequestChannels take_channels();

 private:
  HostGroup(Communicator& comm, HostLayout layout);

  void make_channels(std::int64_t slot_bytes);
  void connect_leaders();

  Communicator& comm_;
  HostLayout layout_;
  int rank_;
  int local_rank_ = 0;
  bool refused_ = false;
  std::optional<Communicator> leaders_;
  std::unique_ptr<SharedSegment> segment_;
  std::optional<HostChannels> channels_;
  std::optional<ChannelPool> request_channels_;
};

}  // namespace pliant

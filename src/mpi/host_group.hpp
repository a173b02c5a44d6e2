// The ranks that share this rank's host, and what they share: memory to meet in, and a leader on the network.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/task.hpp"
#include "mpi/communicator.hpp"
#include "mpi/host_lane.hpp"
#include "mpi/host_layout.hpp"
#include "mpi/shared_window.hpp"

namespace pliant {

/// Made and destroyed collectively. In between nothing is allocated and no window is touched by MPI. Where
/// every host has one rank, or the system refuses shared memory, the layout is flat and there is nothing to
/// share.
class HostGroup {
 public:
  /// Hosts as MPI_Comm_split_type(SHARED) finds them, caches as ranks are bound. Throws Error(mpi).
  explicit HostGroup(const Communicator& comm);
  /// As HostLayout takes them; equal on all ranks, and marks equal only for ranks that could share memory.
  HostGroup(const Communicator& comm, std::span<const int> marks, std::span<const Locality> localities = {});
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
  /// Hosts have several ranks, but the system refused memory for them.
  bool refused() const { return refused_; }

  // Where the layout is not flat:
  /// One rank a host, in their order: what leaders have here. The other ranks have one of their own, unused.
  Communicator& leaders() { return *leaders_; }
  /// What elements take from the ranks of the host to where they are summed, and back.
  HostLane& gathering() { return lanes_->gathering; }
  HostLane& spreading() { return lanes_->spreading; }

  /// The memory serves one operation after the other, in the order in which they began, which is the same on
  /// all ranks. An operation holds its turn from its beginning to its end.
  class Turn {
   public:
    explicit Turn(HostGroup& group) : group_(group), number_(group.turns_given_++) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { ++group_.turns_ended_; }

    bool has_come() const { return group_.turns_ended_ == number_; }

   private:
    HostGroup& group_;
    std::int64_t number_;
  };

 private:
  HostGroup(const Communicator& comm, HostLayout layout);

  struct Lanes {
    Lanes(std::span<std::byte* const> gathering_parts, std::span<std::byte* const> spreading_parts, int own,
          int patience)
        : gathering(gathering_parts, own, patience), spreading(spreading_parts, own, patience) {}

    HostLane gathering;
    HostLane spreading;
  };

  void share_memory(const Communicator& comm);

  HostLayout layout_;
  int rank_;
  int local_rank_ = 0;
  std::array<int, 2> undivided_{};
  bool refused_ = false;
  std::optional<Communicator> local_;
  std::optional<Communicator> leaders_;
  std::optional<SharedWindow> window_;  // behind the communicator it was made on
  std::optional<Lanes> lanes_;
  std::int64_t turns_given_ = 0;
  std::int64_t turns_ended_ = 0;
};

}  // namespace pliant

// The host channel: shared memory for successive operations of one host. It has one `HostChannel` for elements
// on their way to the reducing rank, and one for the results on their way back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "mpi/communicator.hpp"
#include "mpi/host_channel.hpp"
#include "mpi/shared_segment.hpp"

namespace pliant {

class HostGroup;

/// For successive operations that are in the same order on all ranks: those of blocking calls, or of one
/// request.
class HostChannels {
 public:
  /// Bytes of a slot for blocking calls. The other two constants are for communicators with only short calls
  /// so far (a program may make thousands), and for requests (there may be hundreds).
  static constexpr std::int64_t kSlotBytes = std::int64_t{128} << 10;
  static constexpr std::int64_t kShortSlotBytes = std::int64_t{4} << 10;
  static constexpr std::int64_t kRequestSlotBytes = std::int64_t{32} << 10;
  /// Bytes of shared memory per rank.
  static constexpr std::int64_t part_bytes(std::int64_t slot_bytes) {
    return 2 * HostChannel::part_bytes(slot_bytes);
  }

  /// Location of each rank's memory on this host, and the other arguments of HostChannel.
  struct Place {
    std::span<std::byte* const> parts;  ///< [ranks of the host] of a segment
    std::int64_t offset = 0;            ///< [byte] from the begin of each part
    std::int64_t slot_bytes = 0;
    int own = 0;
    int patience = 0;
  };
  HostChannels(HostGroup& group, const Place& place);
  HostChannels(const HostChannels&) = delete;
  HostChannels& operator=(const HostChannels&) = delete;

  HostGroup& group() { return group_; }
  HostChannel& gathering() { return gathering_; }
  HostChannel& spreading() { return spreading_; }
  std::int64_t slot_bytes() const { return gathering_.slot_bytes(); }

 private:
  HostGroup& group_;
  HostChannel gathering_;
  HostChannel spreading_;
};

/// The host channels of requests. A channel that all ranks have given back is used again. Otherwise memory is
/// added, which stays until the pool is destroyed.
class ChannelPool {
 public:
  ChannelPool(HostGroup& group, const Communicator& comm, int patience)
      : group_(group), comm_(comm), patience_(patience) {}

  /// Collective. Returns the same channel on all ranks; null on all of them if the system has ever refused
  /// memory to one.
  HostChannels* take();
  /// Local: other ranks may still use the channel, or give it back in another order.
  /// @param in_step  false: an operation ended early, and ranks stopped at different steps; never used again
  void give_back(const HostChannels& channels, bool in_step);
  bool refused() const { return refused_; }

 private:
  /// A new segment doubles the number of channels, up to this many per segment.
  static constexpr std::size_t kMostLanesPerSegment = 8;

  struct Entry {
    std::unique_ptr<HostChannels> channels;
    bool taken = false;
  };

  void grow();

  HostGroup& group_;
  const Communicator& comm_;
  int patience_;
  bool refused_ = false;
  std::vector<std::unique_ptr<SharedSegment>> segments_;
  std::vector<Entry> entries_;  // equal on all ranks, except for `taken`
};

}  // namespace pliant

// What operations that follow one another use of the memory of their host: a lane for elements on their way
// to where they are summed, and one for those on their way back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "mpi/communicator.hpp"
#include "mpi/host_lane.hpp"
#include "mpi/shared_window.hpp"

namespace pliant {

class HostGroup;

/// For one operation after the other, in the same order on all ranks: those of blocking calls, or of one
/// request.
class HostLanes {
 public:
  /// [byte] of a slot: of blocking calls, and of a request, of which there may be hundreds.
  static constexpr std::int64_t kSlotBytes = std::int64_t{128} << 10;
  static constexpr std::int64_t kRequestSlotBytes = std::int64_t{32} << 10;
  /// [byte] of shared memory for each rank.
  static constexpr std::int64_t part_bytes(std::int64_t slot_bytes) {
    return 2 * HostLane::part_bytes(slot_bytes);
  }

  /// Where the memory of each rank of the host lies, and what HostLane needs besides.
  struct Place {
    std::span<std::byte* const> parts;  ///< [ranks of the host] of a window
    std::int64_t offset = 0;            ///< [byte] in each part
    std::int64_t slot_bytes = 0;
    int own = 0;
    int patience = 0;
  };
  HostLanes(HostGroup& group, const Place& place);
  HostLanes(const HostLanes&) = delete;
  HostLanes& operator=(const HostLanes&) = delete;

  HostGroup& group() { return group_; }
  HostLane& gathering() { return gathering_; }
  HostLane& spreading() { return spreading_; }
  std::int64_t slot_bytes() const { return gathering_.slot_bytes(); }

 private:
  HostGroup& group_;
  HostLane gathering_;
  HostLane spreading_;
};

/// Lanes of requests. Memory is added as they come and stays until the end, since MPI frees it collectively;
/// lanes that all ranks have given back are taken again.
class LanePool {
 public:
  LanePool(HostGroup& group, const Communicator& host, int patience)
      : group_(group), host_(host), patience_(patience) {}

  /// Collective over `comm`, of which `host` is this rank's part: the same lanes on all ranks. Null on all of
  /// them where the system refuses memory to one, now or before.
  HostLanes* take(const Communicator& comm);
  /// Local: other ranks may still be using them, or give them back in another order.
  /// @param in_step  false: an operation ended early, and ranks differ in where it did; nobody takes them
  /// again
  void give_back(const HostLanes& lanes, bool in_step);
  bool refused() const { return refused_; }

 private:
  static constexpr int kLanesPerWindow = 8;

  struct Entry {
    std::unique_ptr<HostLanes> lanes;
    bool taken = false;
  };

  void grow(const Communicator& comm);

  HostGroup& group_;
  const Communicator& host_;
  int patience_;
  bool refused_ = false;
  std::vector<std::unique_ptr<SharedWindow>> windows_;
  std::vector<Entry> entries_;  // equal on all ranks, but for what is taken
};

}  // namespace pliant

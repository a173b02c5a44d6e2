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
#include "mpi/shared_segment.hpp"

namespace pliant {

class HostGroup;

/// For one operation after the other, in the same order on all ranks: those of blocking calls, or of one
/// request.
class HostLanes {
 public:
  /// [byte] of a slot: of blocking calls, of those that have only been short so far (a program may make
  /// thousands of communicators), and of a request, of which there may be hundreds.
  static constexpr std::int64_t kSlotBytes = std::int64_t{128} << 10;
  static constexpr std::int64_t kShortSlotBytes = std::int64_t{4} << 10;
  static constexpr std::int64_t kRequestSlotBytes = std::int64_t{32} << 10;
  /// [byte] of shared memory for each rank.
  static constexpr std::int64_t part_bytes(std::int64_t slot_bytes) {
    return 2 * HostLane::part_bytes(slot_bytes);
  }

  /// Where the memory of each rank of the host lies, and what HostLane needs besides.
  struct Place {
    std::span<std::byte* const> parts;  ///< [ranks of the host] of a segment
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

/// Lanes of requests. Lanes that all ranks have given back are taken again; memory is added where there are
/// none, and stays until the pool goes.
class LanePool {
 public:
  LanePool(HostGroup& group, const Communicator& comm, int patience)
      : group_(group), comm_(comm), patience_(patience) {}

  /// Collective: the same lanes on all ranks. Null on all of them where the system refuses memory to one, now
  /// or before.
  HostLanes* take();
  /// Local: other ranks may still be using them, or give them back in another order.
  /// @param in_step  false: an operation ended early, and ranks differ in where it did; nobody takes them
  /// again
  void give_back(const HostLanes& lanes, bool in_step);
  bool refused() const { return refused_; }

 private:
  /// A segment holds as many lanes as there are already, but at most so many.
  static constexpr std::size_t kMostLanesPerSegment = 8;

  struct Entry {
    std::unique_ptr<HostLanes> lanes;
    bool taken = false;
  };

  void grow();

  HostGroup& group_;
  const Communicator& comm_;
  int patience_;
  bool refused_ = false;
  std::vector<std::unique_ptr<SharedSegment>> segments_;
  std::vector<Entry> entries_;  // equal on all ranks, but for what is taken
};

}  // namespace pliant

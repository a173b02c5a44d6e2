// A short sum in the memory of a host: every rank brings its elements, and who wants the sum adds all up, so
// that the ranks meet but once:
//     step i      each rank brings     a0 | a1 | a2
//     afterwards  who wants the sum    a0 + a1 + a2, in the order of ranks: the same bits for all
// A rank that brings its next elements has read all that was brought before: the count of its steps says
// both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/kernels.hpp"
#include "mpi/host_lane.hpp"

namespace pliant {

/// Up to here all who want the sum add up everything themselves [byte].
constexpr std::int64_t kDirectBytes = 16 << 10;

/// One rank's part in it, to be done in this order; each function once.
struct DirectSum {
  HostLane& lane;
  ReduceFunction reduce;
  std::int64_t count;  ///< elements
  std::size_t bytes;   ///< of them
  std::int64_t step = lane.step();

  /// The others have read what was there before.
  HostLane::Finished may_bring() const {
    lane.begin(static_cast<std::int64_t>(bytes));
    return lane.all_finished(step);
  }
  void bring(const std::byte* own) const {
    std::memcpy(brought(lane.own()), own, bytes);
    lane.finish_step();
  }
  HostLane::Finished all_brought() const { return lane.all_finished(step + 1); }
  /// own: what was brought; may be `sum`.
  void add_up(const std::byte* own, std::byte* sum) const {
    const std::byte* const first = lane.own() == 0 ? own : brought(0);
    if (first != sum) std::memcpy(sum, first, bytes);
    for (int rank = 1; rank < lane.ranks(); ++rank) reduce(sum, brought(rank), count);
  }

  std::byte* brought(int rank) const {
    return bytes <= std::size_t{HostLane::kShortBytes} ? lane.brought_short(rank, step)
                                                       : lane.brought(rank, step);
  }
};

}  // namespace pliant

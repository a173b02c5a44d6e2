// A short sum in the memory of a host. Every rank brings its elements, and each rank that wants the sum adds
// all of them up. So the ranks wait for one another only once:
//     step i      each rank brings     a0 | a1 | a2
//     afterwards  who wants the sum    a0 + a1 + a2, in the order of ranks: the same bits for all
//
// Before a rank brings its next elements, it has read all that was brought before: the count of its steps
// says both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/kernels.hpp"
#include "mpi/host_channel.hpp"

namespace pliant {

/// [byte] Up to this length each rank that wants the sum adds up everything itself.
constexpr std::int64_t kDirectBytes = 16 << 10;

/// One rank's part of the sum, to be done in this order; each function once.
struct DirectSum {
  HostChannel& channel;
  ReduceFunction reduce;
  std::int64_t count;  ///< elements
  std::size_t bytes;   ///< [byte] in `count` elements
  std::int64_t step = channel.step();

  /// Done when the others have read the elements of the step before.
  HostChannel::Finished may_bring() const {
    channel.begin(static_cast<std::int64_t>(bytes));
    return channel.all_finished(step);
  }
  void bring(const std::byte* own) const {
    std::memcpy(brought(channel.own()), own, bytes);
    channel.finish_step();
  }
  HostChannel::Finished all_brought() const { return channel.all_finished(step + 1); }
  /// `own`: the elements that this rank brought; may be `sum`.
  void add_up(const std::byte* own, std::byte* sum) const {
    const std::byte* const first = channel.own() == 0 ? own : brought(0);
    if (first != sum) std::memcpy(sum, first, bytes);
    for (int rank = 1; rank < channel.ranks(); ++rank) reduce(sum, brought(rank), count);
  }

  std::byte* brought(int rank) const {
    return bytes <= std::size_t{HostChannel::kShortBytes} ? channel.brought_short(rank, step)
                                                          : channel.brought(rank, step);
  }
};

}  // namespace pliant

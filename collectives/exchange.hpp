// What the algorithms move messages with: to one rank and from another at the same time, cut into segments.
#pragma once

#include <cstddef>
#include <span>

#include "collectives/allreduce.hpp"
#include "collectives/segments.hpp"
#include "mpi/flow.hpp"

namespace pliant {

/// What becomes of elements that arrive.
enum class Arrival {
  place,   ///< they replace what stands there
  reduce,  ///< call.op joins them to it, segment by segment while further ones travel
};

/// Messages to one rank and from another; MPI_PROC_NULL where there is none.
struct Partners {
  int to;
  int from;
};

/// Sends `out` while `in` arrives. Both sides must cut alike. Returns when both are done.
Task exchange(AllreduceCall& call, Pieces out, Pieces in, Partners partners, Arrival arrival, int tag = 0);

/// The same for bytes that are placed, where one side may not know how many come: `room` is what there may be
/// at most, and `received` becomes what there was. Both sides say exchange_some.
Task exchange_some(AllreduceCall& call, std::span<const std::byte> out, std::span<std::byte> room,
                   Partners partners, std::size_t& received);

/// What exchange() of `bytes` sends.
inline Traffic sent_in_segments(std::int64_t bytes, std::int64_t segment_bytes) {
  return {segments_of(bytes, segment_bytes), bytes};
}

/// Every rank ends with the root's bytes: binomial tree, ceil(log2 P) rounds. Collective.
Task broadcast(AllreduceCall& call, std::span<std::byte> bytes, int root);

/// What `rank` sends in broadcast().
Traffic broadcast_sent(const AllreduceShape& shape, std::int64_t bytes, int rank, int root);

/// Every rank ends with every rank's block: Bruck's algorithm, ceil(log2 P) rounds for any P. Collective.
/// blocks: [P][block_bytes]; the caller has put its own block at [0]; afterwards block_of(r) holds rank r's.
Task allgather(AllreduceCall& call, std::byte* blocks, std::int64_t block_bytes);

/// Where allgather() on `rank` leaves the block of rank `of`.
constexpr int block_of(int of, int rank, int ranks) {
  return (of - rank + ranks) % ranks;
}

/// What a rank sends in allgather().
Traffic allgather_sent(const AllreduceShape& shape, std::int64_t block_bytes);

/// Element-wise maximum over the ranks in the order of core/total_order.hpp, as mpi/agree.hpp has it: the
/// same bits on all of them, for every value. Collective.
Task agree_max(AllreduceCall& call, std::span<double> values);
/// What rank `of` gave as value i of `values` in the agree_max() before, as long as the call has done nothing
/// else.
double agreed_from(AllreduceCall& call, int of, std::size_t i, std::size_t values);

}  // namespace pliant

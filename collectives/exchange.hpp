// Message exchange for the algorithms: to one rank and from another at the same time, cut into segments.
#pragma once

#include <cstddef>
#include <span>

#include "collectives/allreduce.hpp"
#include "collectives/segments.hpp"
#include "collectives/topology/binomial.hpp"
#include "mpi/flow.hpp"

namespace pliant {

/// Use of the elements that arrive.
enum class Arrival {
  place,   ///< they replace the target
  reduce,  ///< call.op combines them with the target, segment by segment while further ones travel
};

/// The ranks to send to and to receive from; MPI_PROC_NULL where there is none.
struct Partners {
  int to;
  int from;
};

/// Sends `out` while `in` arrives. Both sides must cut into equal segments. Returns when both are done. The first
/// segment carries `telemetry`, here and below: call.telemetry or, if the ranks have all records anyway, null.
Task exchange(AllreduceCall& call, Pieces out, Pieces in, Partners partners, Arrival arrival,
              Telemetry* telemetry = nullptr);

/// exchange() with Arrival::place, for bytes whose number the receiver may not know. `room` is the upper
/// bound, and `received` becomes the actual number. Both sides must call exchange_some.
Task exchange_some(AllreduceCall& call, std::span<const std::byte> out, std::span<std::byte> room,
                   Partners partners, std::size_t& received, Telemetry* telemetry = nullptr);

/// Traffic of exchange() for `bytes`.
inline Traffic sent_in_segments(std::int64_t bytes, std::int64_t segment_bytes) {
  return {segments_of(bytes, segment_bytes), bytes};
}

/// Every rank ends with the root's bytes: binomial tree, ceil(log2 P) rounds. Collective.
Task broadcast(AllreduceCall& call, std::span<std::byte> bytes, int root, Telemetry* telemetry = nullptr);

/// Traffic that `rank` sends in broadcast().
Traffic broadcast_sent(const AllreduceShape& shape, std::int64_t bytes, int rank, int root);

/// Every rank ends with every rank's block: Bruck's algorithm, ceil(log2 P) rounds for any P. Collective.
/// blocks: [P][block_bytes]. The caller puts its own block at [0]; afterwards block_of(r) holds rank r's.
Task allgather(AllreduceCall& call, std::byte* blocks, std::int64_t block_bytes,
               Telemetry* telemetry = nullptr);

/// [s] of allgather(): ceil(log2 P) alpha + (P-1) bytes beta.
inline double allgather_s(int ranks, std::int64_t block_bytes, const LinkModel& link) {
  return binomial::rounds(ranks) * link.alpha_s +
         (ranks - 1) * static_cast<double>(block_bytes) * link.beta_s_per_byte;
}

/// Position at which allgather() on `rank` leaves the block of rank `of`.
constexpr int block_of(int of, int rank, int ranks) {
  return (of - rank + ranks) % ranks;
}

/// Traffic that a rank sends in allgather().
Traffic allgather_sent(const AllreduceShape& shape, std::int64_t block_bytes);

/// Element-wise maximum over the ranks in the order of core/total_order.hpp, as in mpi/agree.hpp: the same
/// bits on all of them, for every value. Collective.
Task agree_max(AllreduceCall& call, std::span<double> values);
/// Value i that rank `of` passed to the last agree_max() of `values` values. Valid until the call does
/// anything else.
double agreed_from(AllreduceCall& call, int of, std::size_t i, std::size_t values);

}  // namespace pliant

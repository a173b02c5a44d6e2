// Encoded messages of the lossy algorithms: their codec, their cost, and how they reach all ranks. Formats:
// compress/wire.hpp.
#pragma once

#include <span>

#include "collectives/allreduce.hpp"
#include "compress/wire.hpp"

namespace pliant {

inline WireShape wire_shape(const AllreduceShape& shape) {
  return {shape.count, shape.kept};
}

/// The shape's index codec. If it names none, the one with the least predicted time to send, encode and
/// decode one message. Pure, so ranks agree.
const IndexCodec& index_codec_for(const AllreduceShape& shape, const CostModel& model);

/// Cost of a message of kept elements.
struct MessageCost {
  double bytes = 0;    ///< predicted
  double codec_s = 0;  ///< [s] to encode or decode its indices, on average
};
MessageCost message_cost(const AllreduceShape& shape, const CostModel& model, bool with_values);
/// codec_s of message_cost() alone.
double message_codec_s(const AllreduceShape& shape, const CostModel& model);

/// [byte] Predicted length of one message of this shape; exact for raw indices. If the shape names
/// no codec, the length with the shortest one.
std::int64_t predicted_bytes(const AllreduceShape& shape, bool with_values);

// ---- Every rank's messages to every rank ----

/// Room for `most` bytes of messages from each rank. Forgets what was there.
void begin_messages(AllreduceCall& call, std::int64_t most);

/// Adds one message of this rank. `values` become their rounding errors; null for indices alone.
void add_message(AllreduceCall& call, WireShape shape, const ValueCodec* value_codec, Kept kept);
/// For callers that encode a message themselves: next_message() is where it goes, add_encoded() then adds it.
std::byte* next_message(AllreduceCall& call);
void add_encoded(AllreduceCall& call, std::int64_t bytes);

/// Every rank ends with every rank's messages, of which each has added `per_rank`. The shape's route decides
/// how. doubling: Bruck's allgather with blocks as long as they are. neighbours: around the ring in segments.
/// Collective. Throws Error(other) for an invalid message.
Task allgather_messages(AllreduceCall& call, int per_rank);

/// Message `which` of `rank`. Only its length has been checked.
std::span<const std::byte> message_of(const AllreduceCall& call, int rank, int per_rank = 1, int which = 0);

/// [s] of allgather_messages() with messages of `bytes`.
double allgather_messages_s(const AllreduceShape& shape, const CostModel& model, double bytes);
/// [s] of allgather_messages() by Route::doubling. Each round has another partner, as in rabenseifner, so
/// that one's measured factor for as many bytes applies here too.
double allgather_by_doubling_s(const AllreduceShape& shape, const CostModel& model, double bytes);
/// The route and the segment that allgather_messages_s() assumes.
Tuning tuned_allgather(const AllreduceShape& shape, const CostModel& model, double bytes);
/// Traffic of a rank in allgather_messages(). bytes: of each rank's messages.
Traffic allgather_messages_sent(const AllreduceShape& shape, std::int64_t bytes);

// ---- The indices of one rank to all others ----

/// How a rank's kept indices reach all others: in groups, each one message, which are passed on and used as
/// they come. The shape's route is a binomial tree (doubling) or a chain (neighbours).
struct IndexStream {
  int root;
  std::uint32_t* indices;      ///< [kept] out; on the root: what it sends
  float* values;               ///< [kept] out: taken from call.residual at these indices
  std::int64_t available = 0;  ///< of both, so far
  bool passed_on = false;      ///< out: this rank has sent all that it is to send
};

/// Collective. Adds to call.outcome.selection what was taken. Throws Error(other).
Task stream_indices(AllreduceCall& call, IndexStream& stream);

/// [s] until the last rank has all indices.
double stream_indices_s(const AllreduceShape& shape, const CostModel& model);
Route index_route(const AllreduceShape& shape, const CostModel& model);
/// Traffic of a rank in stream_indices().
Traffic stream_indices_sent(const AllreduceShape& shape, int rank, int root);

}  // namespace pliant

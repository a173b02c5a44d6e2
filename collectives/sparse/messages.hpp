// Encoded messages of the lossy algorithms: which codec, what they cost, and how they reach all ranks.
// Formats: compress/wire.hpp.
#pragma once

#include <span>

#include "collectives/allreduce.hpp"
#include "compress/wire.hpp"

namespace pliant {

inline WireShape wire_shape(const AllreduceShape& shape) {
  return {shape.count, shape.kept};
}

/// The shape's index codec; where it names none, the one for which sending, encoding and decoding one message
/// are predicted to take least. A pure function: ranks agree.
const IndexCodec& index_codec_for(const AllreduceShape& shape, const CostModel& model);

/// What a message of kept elements costs.
struct MessageCost {
  double bytes = 0;    ///< predicted
  double codec_s = 0;  ///< [s] to encode or decode its indices, on average
};
MessageCost message_cost(const AllreduceShape& shape, const CostModel& model, bool with_values);
/// Its codec_s alone.
double message_codec_s(const AllreduceShape& shape, const CostModel& model);

/// [byte] of one message of such a shape, predicted; exact for raw and bitmap indices. Where the shape names
/// no codec: of the shortest.
std::int64_t predicted_bytes(const AllreduceShape& shape, bool with_values);

// ---- Every rank's messages to every rank ----

/// Room for `most` bytes of messages from each rank. Forgets what was there.
void begin_messages(AllreduceCall& call, std::int64_t most);

/// One more message of this rank's own. `values` become their errors of rounding; null for indices alone.
void add_message(AllreduceCall& call, WireShape shape, const ValueCodec* value_codec, Kept kept);
/// The same for who encodes it himself: where it goes, and then that it is there.
std::byte* next_message(AllreduceCall& call);
void add_encoded(AllreduceCall& call, std::int64_t bytes);

/// Every rank ends with every rank's messages, of which each has added `per_rank`. By the shape's route:
/// doubling is Bruck's allgather with blocks as long as they are; neighbours passes them around the ring in
/// segments (one a rank only). Collective. Throws Error(other) for a message that is none.
Task allgather_messages(AllreduceCall& call, int per_rank);

/// One of them, `which` of those of a rank; not checked yet but for its length.
std::span<const std::byte> message_of(const AllreduceCall& call, int rank, int per_rank = 1, int which = 0);

/// [s] of allgather_messages() with messages of `bytes`.
double allgather_messages_s(const AllreduceShape& shape, const CostModel& model, double bytes);
/// The same by Route::doubling: another partner in each round, as rabenseifner has, so that its measured
/// factor for as many bytes holds here too.
double allgather_by_doubling_s(const AllreduceShape& shape, const CostModel& model, double bytes);
/// The route and the segment that allgather_messages_s() is for.
AllreduceShape tuned_allgather(AllreduceShape shape, const CostModel& model, double bytes);
/// What a rank sends in it; bytes: of each rank's messages.
Traffic allgather_messages_sent(const AllreduceShape& shape, std::int64_t bytes);

// ---- The indices of one rank to all others ----

/// How a rank's kept indices are sent to all: in groups, each a message, which are passed on and used as they
/// come. By the shape's route down a binomial tree (doubling) or a chain (neighbours).
struct IndexStream {
  int root;
  std::uint32_t* indices;      ///< [kept] out; on the root: what it sends
  float* values;               ///< [kept] out: taken from call.residual at these indices
  std::int64_t available = 0;  ///< of both, so far
  bool passed_on = false;      ///< out: this rank has sent all that it is to send
};

/// Collective. Adds to call.outcome.selection what was taken. Throws Error(other).
Task stream_indices(AllreduceCall& call, IndexStream& stream);

/// [s] until the last rank has all of them.
double stream_indices_s(const AllreduceShape& shape, const CostModel& model);
Route index_route(const AllreduceShape& shape, const CostModel& model);
/// What a rank sends in it.
Traffic stream_indices_sent(const AllreduceShape& shape, int rank, int root);

}  // namespace pliant

// Encoded messages of the lossy algorithms: which codec, what they cost, and how they travel. Formats:
// compress/wire.hpp.
#pragma once

#include <span>

#include "collectives/allreduce.hpp"

namespace pliant {

/// The shape's index codec; where it names none, the one for which sending, encoding and decoding one message
/// are predicted to take least. A pure function: ranks agree.
const IndexCodec& index_codec_for(const AllreduceShape& shape, const CostModel& model);

/// What a message of kept elements costs.
struct MessageCost {
  double bytes = 0;    ///< predicted
  double codec_s = 0;  ///< [s] to encode or decode its indices, on average
};
MessageCost message_cost(const AllreduceShape& shape, const CostModel& model, bool with_values);

/// [byte] of one message, predicted; exact for raw and bitmap indices. Where the shape names no codec: of the
/// shortest.
std::int64_t predicted_bytes(const AllreduceShape& shape, bool with_values);

/// Every rank ends with every rank's kept indices and values: Bruck's algorithm as in allgather(), the blocks
/// being as long as they are. Sends call.own, whose values become the errors of rounding. They stand one
/// behind the other in workspace.messages. Collective. Throws Error(other) for a message that is none.
void allgather_messages(AllreduceCall& call);

/// One of them; not checked yet but for its length.
std::span<const std::byte> message_of(const AllreduceCall& call, int rank);

/// Every rank ends with the root's indices, encoded on the way: binomial tree. On the root `indices` are
/// call.own's, elsewhere they are decoded into the workspace. Returns them: [kept]. Collective. Throws
/// Error(other).
const std::uint32_t* broadcast_indices(AllreduceCall& call, int root);

}  // namespace pliant

// sparse_rabenseifner: rabenseifner on sparse vectors (SparCML's idea). Every rank's own top-k are added by
// halving over ranges of the index, and the sums gathered by doubling.
//   P = 4, chunks a b c d of the index; what a rank still sums (lower case), or holds complete (capital):
//     start              abcd | abcd | abcd | abcd
//     halve, r to r+2:   ab | bc | cd | da          halve, r to r+1:   A | B | C | D
//     gather:            ABCD on every rank
//
// The rounds are those of topology/circulant.hpp, for any P. A rank counts elements from its own chunk on,
// around the end: its frame. There the rank's range is always [0, something), and so is what it is sent, in
// the receiver's frame. So a message is one range, even around the end. It is coded as long as that is
// shorter than all elements of its range; from then on the range is sent, and kept, dense. If P is no power
// of two, a rank may thus treat elements as dense that are merely neighbours of dense ones.
//
// 2L rounds, L = ceil(log2 P), one message each. Bytes are for independent uniform selections. Where those of
// m ranks are joined, each element is taken with probability d = 1 - (1 - k/n)^m, and takes min(4, d (4 + i))
// bytes, i those of an index. If all selections are alike, a rank sends 2(4 + i)k(P-1)/P bytes; if they have
// nothing in common, (4 + i)k(P-1 + L/2), until ranges go dense.
//
// Lossy. All ranks end with the same bits: each chunk is summed once, encoded once, and decoded by all.
// Residual: all but the rank's own k. The result is allgather_topk's up to the order of additions. Source:
// Renggli et al., "SparCML: high-performance sparse communication for machine learning", SC 2019; rounds from
// Traeff, arXiv 2410.14234.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "collectives/exchange.hpp"
#include "collectives/sparse/messages.hpp"
#include "collectives/sparse/sparse.hpp"
#include "collectives/sparse/sparse_vector.hpp"
#include "collectives/topology/circulant.hpp"
#include "compress/gaps.hpp"
#include "core/partition.hpp"

namespace pliant {
namespace {

/// Number of elements before chunk offset `offset` (0 .. P) of this rank's frame.
std::int64_t frame_position(const AllreduceShape& shape, int rank, int offset) {
  const auto begin = [&](int chunk) { return chunk_of(shape.count, shape.ranks, chunk).begin; };
  const int chunk = rank + offset;
  return chunk < shape.ranks ? begin(chunk) - begin(rank)
                             : shape.count - begin(rank) + begin(chunk - shape.ranks);
}

/// Most entries of a range of `count` elements that `merged` ranks have selected from.
std::int64_t most_kept(const AllreduceShape& shape, std::int64_t count, int merged) {
  return std::min(count, std::min(merged, shape.ranks) * shape.kept);
}

/// Most ranks whose selections a sum joins before this round.
int merged_before(int round) {
  return 1 << std::min(round, 30);
}

// ---- What it costs ----

/// Probability that an element at this offset is in none of the selections summed before this round.
double chance_of_none(const circulant::Rounds& rounds, int round, int offset, double of_one) {
  if (round == 0) return of_one;
  const auto [held, half] = rounds.rounds[static_cast<std::size_t>(round - 1)];
  const double own = chance_of_none(rounds, round - 1, offset, of_one);
  return offset + half < held ? own * chance_of_none(rounds, round - 1, offset + half, of_one) : own;
}

/// A message: elements of its range, and how many of them are kept, on average and at most.
struct Planned {
  std::int64_t count = 0;
  std::int64_t kept = 0;
  std::int64_t most_kept = 0;
};

/// The message of `rank` in a round of the reduce-scatter; in the round after the last: its chunk.
Planned planned(const AllreduceShape& shape, const circulant::Rounds& rounds, int rank, int round) {
  const double of_one = 1 - static_cast<double>(shape.kept) / static_cast<double>(shape.count);
  const auto position = [&](int offset) { return frame_position(shape, rank, offset); };
  if (round == rounds.count) {
    const std::int64_t count = position(1);
    const double kept = static_cast<double>(count) * (1 - power(of_one, shape.ranks));
    return {count, std::llround(kept), most_kept(shape, count, shape.ranks)};
  }
  const auto [held, half] = rounds.rounds[static_cast<std::size_t>(round)];
  double kept = 0;
  for (int offset = half; offset < held; ++offset)
    kept += static_cast<double>(position(offset + 1) - position(offset)) *
            (1 - chance_of_none(rounds, round, offset, of_one));
  const std::int64_t count = position(held) - position(half);
  return {count, std::llround(kept), most_kept(shape, count, merged_before(round))};
}

AllreduceShape part_of(const AllreduceShape& shape, const Planned& message) {
  AllreduceShape part = shape;
  part.count = message.count;
  part.kept = message.kept;
  part.value_codec = &float32_values;
  return part;
}

std::int64_t mean_bytes(const AllreduceShape& shape, const Planned& message) {
  return std::min(predicted_bytes(part_of(shape, message), true), whole_message_bytes(message.count));
}

/// Room for any message of a range, coded or whole.
std::int64_t message_scratch(WireShape most, const IndexCodec& codec) {
  return std::max(max_message_bytes_up_to(most, codec), whole_message_bytes(most.count));
}

/// [byte] Upper bound, with padding. Longer messages go whole, and indices that codecs do not shorten go raw.
std::int64_t most_message_bytes(const Planned& message) {
  const std::int64_t raw = kHeaderBytes + 8 * message.most_kept;
  return std::max(kHeaderBytes, std::min(raw, whole_message_bytes(message.count)));
}

double cost_s(const AllreduceShape& shape, const CostModel& model) {
  const circulant::Rounds rounds = circulant::rounds_of(shape.ranks);
  AllreduceShape coded = shape;
  coded.index_codec = &index_codec_for(shape, model);
  double total_s = static_cast<double>(shape.count) *
                   (model.compute.select_s_per_element + model.compute.apply_s_per_element);
  for (int round = 0; round <= rounds.count; ++round) {
    const Planned message = planned(shape, rounds, 0, round);
    const bool gathers = round == rounds.count;
    const double bytes = static_cast<double>(mean_bytes(coded, message));
    const double codec_s = message_codec_s(part_of(coded, message), model);
    const double pairs_s = static_cast<double>(message.kept) * model.compute.pair_s_per_element;
    // Encoded, decoded, merged with as many; at the end, encoded once, and decoded and added P times.
    total_s += gathers ? allgather_by_doubling_s(shape, model, bytes) + (shape.ranks + 1) * codec_s +
                             shape.ranks * pairs_s
                       : latency_s(bytes, model.link) + 2 * codec_s + 2 * pairs_s;
  }
  return total_s;
}

template <class Bytes>
Traffic sent_with(const AllreduceShape& shape, int rank, Bytes&& bytes_of) {
  const circulant::Rounds rounds = circulant::rounds_of(shape.ranks);
  Traffic total;
  for (int round = 0; round < rounds.count; ++round)
    total = total + Traffic{1, bytes_of(planned(shape, rounds, rank, round))};
  // A rank passes on chunks from its own on, as in Bruck's allgather. They have at most two lengths.
  const std::int64_t longer = bytes_of(planned(shape, rounds, 0, rounds.count));
  const std::int64_t shorter = bytes_of(planned(shape, rounds, shape.ranks - 1, rounds.count));
  for (int held = 1; held < shape.ranks; held *= 2) {
    ++total.messages;
    for (int of = rank; of < rank + std::min(held, shape.ranks - held); ++of)
      total.bytes += of % shape.ranks < shape.count % shape.ranks ? longer : shorter;
  }
  return total;
}

Traffic sent(const AllreduceShape& shape, int rank) {
  return sent_with(shape, rank, [&](const Planned& message) { return mean_bytes(shape, message); });
}

std::int64_t most_bytes(const AllreduceShape& shape, int rank) {
  return sent_with(shape, rank, most_message_bytes).bytes;
}

// ---- How it runs ----

/// This rank's sum of the elements [0, count) of its frame.
struct Sum {
  std::int64_t count = 0;
  SparseVector entries = {};  ///< where it is sparse
  float* elements = nullptr;  ///< [count] where it is dense; null: it is sparse
};

/// Memory for the rounds: as much as the shape may need, whatever the data.
struct Rooms {
  SparseVector spare;    ///< as large as the sum's entries
  SparseVector arrived;  ///< as large; `values` also hold a whole message
  std::span<std::byte> out;
  std::span<std::byte> in;
};

/// Most entries of a sum in any round, or of any rank's chunk at the end.
std::int64_t most_entries(const AllreduceShape& shape, const circulant::Rounds& rounds, int rank) {
  std::int64_t most =
      std::max(shape.kept, most_kept(shape, chunk_of(shape.count, shape.ranks, 0).count, shape.ranks));
  for (int i = 0; i < rounds.count; ++i) {
    const int half = rounds.rounds[static_cast<std::size_t>(i)].half;
    most = std::max(most, most_kept(shape, frame_position(shape, rank, half), merged_before(i + 1)));
  }
  return most;
}

/// Elements of the longest message: those of the first round, or the largest chunk.
std::int64_t longest_range(const AllreduceShape& shape, int given) {
  const std::int64_t chunk = chunk_of(shape.count, shape.ranks, 0).count;
  return chunk * std::max(1, given);
}

Rooms make_rooms(AllreduceCall& call, const circulant::Rounds& rounds, Sum& sum) {
  const std::int64_t most = most_entries(call.shape, rounds, call.comm.rank());
  const std::int64_t range = longest_range(call.shape, rounds.rounds[0].held - rounds.rounds[0].half);
  auto* indices = call.workspace.indices.of<std::uint32_t>(3 * most);
  auto* values = call.workspace.sums.of<float>(2 * most + std::max(most, range));
  sum.entries = {indices, values};
  const std::int64_t bytes = message_scratch({range, std::min(range, most)}, *call.shape.index_codec);
  std::byte* const messages = call.workspace.messages.of<std::byte>(2 * bytes);
  const auto room = static_cast<std::size_t>(bytes);
  return {.spare = {indices + most, values + most},
          .arrived = {indices + 2 * most, values + 2 * most},
          .out = {messages, room},
          .in = {messages + bytes, room}};
}

/// Encodes `entries` of a range of `count` elements, coded or whole, whichever is shorter. Returns the length
/// [byte]. Whole is tried only if half of the elements are entries: coded indices never take more than 4
/// bytes. scratch: [count].
std::int64_t encode_entries(const AllreduceCall& call, const SparseVector& entries, std::int64_t count,
                            float* scratch, std::byte* out) {
  const bool may_be_whole = entries.kept > 0 && 2 * entries.kept >= count;
  if (may_be_whole) {
    std::fill_n(scratch, count, 0.0F);
    call.kernels.scatter_add(scratch, entries.indices, entries.values, entries.kept);
  }
  const std::int64_t bytes = encode_message({count, entries.kept}, *call.shape.index_codec, &float32_values,
                                            {entries.indices, entries.values}, out);
  if (!may_be_whole || bytes < whole_message_bytes(count)) return bytes;
  return encode_whole_message({scratch, static_cast<std::size_t>(count)}, out);
}

/// Encodes the elements from `first` on of the sum, which then ends there. Returns the length of the message
/// [byte].
std::int64_t give_away(const AllreduceCall& call, Sum& sum, std::int64_t first, const Rooms& rooms) {
  const std::int64_t count = sum.count - first;
  sum.count = first;
  if (sum.elements != nullptr)
    return encode_whole_message({sum.elements + first, static_cast<std::size_t>(count)}, rooms.out.data());
  const std::int64_t kept = sum.entries.below(first);
  const SparseVector given = sum.entries.from(kept);
  sum.entries.kept = kept;
  shift_indices(given, -first);
  return encode_entries(call, given, count, rooms.arrived.values, rooms.out.data());
}

void make_dense(AllreduceCall& call, Sum& sum) {
  if (sum.elements != nullptr) return;
  sum.elements = reinterpret_cast<float*>(call.data);  // the result is not there yet
  std::fill_n(sum.elements, sum.count, 0.0F);
  call.kernels.scatter_add(sum.elements, sum.entries.indices, sum.entries.values, sum.entries.kept);
}

void add_arrived(AllreduceCall& call, std::span<const std::byte> message, const Expected& expected, Sum& sum,
                 Rooms& rooms) {
  const Decoded decoded = decode_message(message, expected, rooms.arrived.indices, rooms.arrived.values);
  if (decoded.whole) {
    make_dense(call, sum);
    call.kernels.reduction(ElementType::float32, ReduceOp::sum)(sum.elements, rooms.arrived.values,
                                                                decoded.kept);
    return;
  }
  rooms.arrived.kept = decoded.kept;
  if (sum.elements != nullptr) {
    call.kernels.scatter_add(sum.elements, rooms.arrived.indices, rooms.arrived.values, decoded.kept);
    return;
  }
  const SparseVector joined = merge_add(sum.entries, rooms.arrived, rooms.spare);
  rooms.spare = sum.entries;
  sum.entries = joined;
}

/// The reduce-scatter: `sum` becomes the sum of this rank's chunk.
Task halve(AllreduceCall& call, const circulant::Rounds& rounds, Sum& sum, Rooms& rooms) {
  const int ranks = call.comm.ranks();
  const int rank = call.comm.rank();
  for (int i = 0; i < rounds.count; ++i) {
    const circulant::Round& round = rounds.rounds[static_cast<std::size_t>(i)];
    const Partners partners{(rank + round.half) % ranks, (rank - round.half + ranks) % ranks};
    std::size_t bytes = 0;
    {
      const CompressTimer timer(call.outcome.compress_s);
      bytes =
          static_cast<std::size_t>(give_away(call, sum, frame_position(call.shape, rank, round.half), rooms));
    }
    std::size_t received = 0;
    co_await exchange_some(call, rooms.out.first(bytes), rooms.in, partners, received, call.telemetry);

    const CompressTimer timer(call.outcome.compress_s);
    const std::int64_t count = frame_position(call.shape, rank, round.held - round.half);
    const WireShape most{count, most_kept(call.shape, count, merged_before(i))};
    const Expected expected{most, true, partners.from, Keeps::at_most_or_whole};
    add_arrived(call, rooms.in.first(received), expected, sum, rooms);
  }
}

/// Upper bound of the elements and entries of a chunk.
WireShape most_of_chunk(const AllreduceShape& shape, int chunk) {
  const std::int64_t count = chunk_of(shape.count, shape.ranks, chunk).count;
  return {count, most_kept(shape, count, shape.ranks)};
}

void add_own_chunk(AllreduceCall& call, const Sum& sum, const Rooms& rooms) {
  const CompressTimer timer(call.outcome.compress_s);
  begin_messages(call, message_scratch(most_of_chunk(call.shape, 0), *call.shape.index_codec));
  std::byte* const out = next_message(call);
  add_encoded(call, sum.elements != nullptr
                        ? encode_whole_message({sum.elements, static_cast<std::size_t>(sum.count)}, out)
                        : encode_entries(call, sum.entries, sum.count, rooms.arrived.values, out));
}

void place_chunks(AllreduceCall& call, const Rooms& rooms) {
  const CompressTimer timer(call.outcome.compress_s);
  clear_result(call);
  for (int of = 0; of < call.comm.ranks(); ++of) {
    float* const chunk =
        reinterpret_cast<float*>(call.data) + chunk_of(call.shape.count, call.shape.ranks, of).begin;
    const Expected expected{most_of_chunk(call.shape, of), true, of, Keeps::at_most_or_whole};
    const Decoded decoded =
        decode_message(message_of(call, of), expected, rooms.arrived.indices, rooms.arrived.values);
    if (decoded.whole)
      std::copy_n(rooms.arrived.values, decoded.kept, chunk);
    else
      call.kernels.scatter_add(chunk, rooms.arrived.indices, rooms.arrived.values, decoded.kept);
  }
}

Task run(AllreduceCall& call) {
  PutBack put_back(call);
  call.shape.route = Route::doubling;  // around the ring, the number of messages would depend on the data
  const circulant::Rounds rounds = circulant::rounds_of(call.comm.ranks());
  Sum sum{.count = call.shape.count};
  Rooms rooms = make_rooms(call, rounds, sum);
  {
    const CompressTimer timer(call.outcome.compress_s);
    select_own(call, Picks::take);
    const std::int64_t origin = chunk_of(call.shape.count, call.shape.ranks, call.comm.rank()).begin;
    sum.entries =
        rotate({call.own.indices, call.own.values, call.shape.kept}, call.shape.count, origin, sum.entries);
  }
  co_await halve(call, rounds, sum, rooms);
  call.telemetry = nullptr;  // all ranks have all records
  add_own_chunk(call, sum, rooms);
  co_await allgather_messages(call, 1);
  place_chunks(call, rooms);
  put_back.nothing();
}

}  // namespace

constinit const AllreduceAlgorithm sparse_rabenseifner_allreduce{
    .name = "sparse_rabenseifner",
    .summary = "every rank's own top-k, added by halving; bytes grow with what selections do not share",
    .exact = false,
    .deterministic = false,
    .supports = supports_sparse,
    .cost_s = cost_s,
    .tuned = nullptr,
    .sent = sent,
    .run = run,
    .carries = true,
    .most_bytes = most_bytes,
    .rule = SelectionRule::own,
};

}  // namespace pliant

#include "collectives/sparse/messages.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "collectives/dense/dense.hpp"
#include "collectives/sparse/sparse.hpp"
#include "collectives/topology/binomial.hpp"
#include "compress/wire.hpp"
#include "core/error.hpp"

namespace pliant {
namespace {

WireShape wire_shape(const AllreduceShape& shape) {
  return {shape.count, shape.kept};
}

double codec_s_per_index(const IndexCodec& codec, const ComputeModel& compute) {
  const auto all = index_codecs();
  return compute
      .codec_s_per_index[static_cast<std::size_t>(std::find(all.begin(), all.end(), &codec) - all.begin())];
}

}  // namespace

const IndexCodec& index_codec_for(const AllreduceShape& shape, const CostModel& model) {
  if (shape.index_codec != nullptr) return *shape.index_codec;
  const IndexCodec* best = nullptr;
  double best_s = 0;
  for (const IndexCodec* codec : index_codecs()) {
    const double s = codec->predicted_bytes(shape.count, shape.kept) * model.link.beta_s_per_byte +
                     static_cast<double>(shape.kept) * codec_s_per_index(*codec, model.compute);
    if (best == nullptr || s < best_s) {
      best = codec;
      best_s = s;
    }
  }
  return *best;
}

MessageCost message_cost(const AllreduceShape& shape, const CostModel& model, bool with_values) {
  const IndexCodec& codec = index_codec_for(shape, model);
  return {predicted_message_bytes(wire_shape(shape), codec, with_values ? shape.value_codec : nullptr),
          static_cast<double>(shape.kept) * codec_s_per_index(codec, model.compute) / 2};
}

std::int64_t predicted_bytes(const AllreduceShape& shape, bool with_values) {
  const ValueCodec* values = with_values ? shape.value_codec : nullptr;
  double least = predicted_message_bytes(
      wire_shape(shape), shape.index_codec != nullptr ? *shape.index_codec : raw_indices, values);
  for (const IndexCodec* codec : index_codecs())
    if (shape.index_codec == nullptr)
      least = std::min(least, predicted_message_bytes(wire_shape(shape), *codec, values));
  return std::llround(least);
}

std::span<const std::byte> message_of(const AllreduceCall& call, int rank) {
  const std::vector<std::int64_t>& ends = call.workspace.message_ends;
  const auto at = static_cast<std::size_t>(block_of(rank, call.comm.rank(), call.comm.ranks()));
  const std::int64_t begin = at == 0 ? 0 : ends[at - 1];
  const auto* const messages = call.workspace.messages.of<std::byte>(ends.back());
  return {messages + begin, static_cast<std::size_t>(ends[at] - begin)};
}

void allgather_messages(AllreduceCall& call) {
  const int ranks = call.comm.ranks();
  const int rank = call.comm.rank();
  const IndexCodec& codec = *call.shape.index_codec;
  const std::int64_t most = max_message_bytes(wire_shape(call.shape), codec, call.shape.value_codec);
  auto* const begin = call.workspace.messages.of<std::byte>(ranks * most);
  std::vector<std::int64_t>& ends = call.workspace.message_ends;
  ends.clear();
  {
    const CompressTimer timer(call.outcome.compress_s);
    ends.push_back(encode_message(wire_shape(call.shape), codec, call.shape.value_codec,
                                  {call.own.indices, call.own.values}, begin));
  }
  for (int held = 1; held < ranks; held *= 2) {
    const int moved = std::min(held, ranks - held);
    const int to = (rank - held + ranks) % ranks;
    const int from = (rank + held) % ranks;
    const std::int64_t end = ends.back();
    const auto sent = static_cast<std::size_t>(ends[static_cast<std::size_t>(moved) - 1]);
    const std::span<std::byte> room(begin + end, static_cast<std::size_t>(moved * most));
    std::span<const std::byte> rest = room.first(call.comm.exchange_some({begin, sent}, to, room, from));
    for (int i = 0; i < moved; ++i) {
      const std::int64_t length = message_bytes(rest, (from + i) % ranks);
      ends.push_back(ends.back() + length);
      rest = rest.subspan(static_cast<std::size_t>(length));
    }
    if (!rest.empty())
      throw Error(ErrorClass::other,
                  std::to_string(rest.size()) + " bytes stand behind the messages that rank " +
                      std::to_string(from) + " sent",
                  "it sends " + std::to_string(moved) + " and no more",
                  "Another program sent it, or the ranks run different versions: start all ranks alike");
  }
}

const std::uint32_t* broadcast_indices(AllreduceCall& call, int root) {
  const int ranks = call.comm.ranks();
  const int v = binomial::relative(call.comm.rank(), root, ranks);
  const WireShape shape = wire_shape(call.shape);
  const IndexCodec& codec = *call.shape.index_codec;
  const std::int64_t most = max_message_bytes(shape, codec, nullptr);
  auto* const message = call.workspace.messages.of<std::byte>(most);
  const std::uint32_t* indices = call.own.indices;
  std::size_t length = 0;
  if (v == 0 && ranks > 1) {
    const CompressTimer timer(call.outcome.compress_s);
    length =
        static_cast<std::size_t>(encode_message(shape, codec, nullptr, {call.own.indices, nullptr}, message));
  }
  const int parent = binomial::absolute(binomial::parent(v), root, ranks);
  if (v != 0)
    length = call.comm.exchange_some({}, MPI_PROC_NULL, {message, static_cast<std::size_t>(most)}, parent);
  for (int step = binomial::step_limit(v, ranks) / 2; step > 0; step /= 2)
    if (v + step < ranks)
      call.comm.exchange_some({message, length}, binomial::absolute(v + step, root, ranks), {},
                              MPI_PROC_NULL);
  if (v != 0) {
    const CompressTimer timer(call.outcome.compress_s);
    auto* const decoded = call.workspace.indices.of<std::uint32_t>(call.shape.kept);
    decode_message({message, length}, {shape, false, parent}, decoded, nullptr);
    indices = decoded;
  }
  return indices;
}

}  // namespace pliant

#include "collectives/sparse/messages.hpp"

#include <algorithm>
#include <cmath>

#include "collectives/sparse/sparse.hpp"

namespace pliant {
namespace {

double codec_s_per_index(const IndexCodec& codec, const ComputeModel& compute) {
  const auto all = index_codecs();
  return compute
      .codec_s_per_index[static_cast<std::size_t>(std::find(all.begin(), all.end(), &codec) - all.begin())];
}

double codec_s(const AllreduceShape& shape, const IndexCodec& codec, const CostModel& model) {
  return static_cast<double>(shape.kept) * codec_s_per_index(codec, model.compute) / 2;
}

}  // namespace

const IndexCodec& index_codec_for(const AllreduceShape& shape, const CostModel& model) {
  if (shape.index_codec != nullptr) return *shape.index_codec;
  const auto seconds = [&](const IndexCodec& codec) {
    return codec.predicted_bytes(shape.count, shape.kept) * model.link.beta_s_per_byte +
           static_cast<double>(shape.kept) * codec_s_per_index(codec, model.compute);
  };
  const auto codecs = index_codecs();
  const IndexCodec* best = codecs.front();
  double best_s = seconds(*best);
  for (const IndexCodec* codec : codecs.subspan(1)) {
    const double s = seconds(*codec);
    if (s < best_s) {
      best = codec;
      best_s = s;
    }
  }
  return *best;
}

MessageCost message_cost(const AllreduceShape& shape, const CostModel& model, bool with_values) {
  const IndexCodec& codec = index_codec_for(shape, model);
  return {predicted_message_bytes(wire_shape(shape), codec, with_values ? shape.value_codec : nullptr),
          codec_s(shape, codec, model)};
}

double message_codec_s(const AllreduceShape& shape, const CostModel& model) {
  return codec_s(shape, index_codec_for(shape, model), model);
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

}  // namespace pliant

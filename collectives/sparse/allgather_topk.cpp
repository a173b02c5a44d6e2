// allgather_topk (the papers' AG-Topk): every rank sends its own k largest elements to every other.
//   P = 2, k = 2:  rank 0 sends (1, a) (7, b), rank 1 sends (3, c) (7, d)
//   result:        a at 1, c at 3, b + d at 7
//
// Rounds ceil(log2 P) (Bruck's allgather), or, if messages are long, P-1 steps around a ring, in segments
// that are passed on as they come. Bytes sent per rank: (P-1) messages of k encoded indices and values (raw:
// 40 + 8k). Lossy. All ranks end with the same bits: each adds the decoded blocks in the order of the ranks,
// its own among them. Residual: all but the rank's own k, and of these what a value codec rounded off.
// Source: Table I of the flexible-communication paper; error feedback as in Stich et al., NeurIPS 2018.
#include <cmath>

#include "collectives/dense/dense.hpp"
#include "collectives/sparse/messages.hpp"
#include "collectives/sparse/sparse.hpp"
#include "compress/wire.hpp"
#include "kernels/long_vectors.hpp"

namespace pliant {
namespace {

double cost_s(const AllreduceShape& shape, const CostModel& model) {
  const MessageCost message = message_cost(shape, model, true);
  const double messages = shape.ranks + 1;  // encoded once, decoded and added P times
  const double pass_s = model.compute.select_s_per_element + model.compute.apply_s_per_element;
  return allgather_messages_s(shape, model, message.bytes) + static_cast<double>(shape.count) * pass_s +
         messages * (message.codec_s + static_cast<double>(shape.kept) * model.compute.pair_s_per_element);
}

Tuning tuned(const AllreduceShape& shape, const CostModel& model) {
  return tuned_allgather(shape, model, message_cost(shape, model, true).bytes);
}

Traffic sent(const AllreduceShape& shape, int) {
  return allgather_messages_sent(shape, predicted_bytes(shape, true));
}

/// Puts what a value codec rounded off, now in call.own.values, back into the residual.
void keep_rounding_errors(AllreduceCall& call) {
  if (!call.shape.value_codec->lossy) return;
  call.outcome.rounding_squared = call.kernels.squared_norm(call.own.values, call.shape.kept);
  scatter_add(call.kernels, call.residual, call.own.indices, call.own.values, call.shape.kept,
              call.workspace.select);
}

void add_messages(AllreduceCall& call) {
  const std::int64_t kept = call.shape.kept;
  auto* const indices = call.workspace.indices.of<std::uint32_t>(kept);
  auto* const values = call.workspace.values.of<float>(kept);
  clear_result(call);
  for (int of = 0; of < call.comm.ranks(); ++of) {
    decode_message(message_of(call, of), {{call.shape.count, kept}, true, of}, indices, values);
    scatter_add(call.kernels, reinterpret_cast<float*>(call.data), indices, values, kept,
                call.workspace.select);
    Selection& told = call.outcome.selection;
    if (of == call.comm.rank() && call.shape.value_codec->lossy && told.nonfinite == 0)
      told.sent_squared = call.kernels.squared_norm(values, kept);
  }
}

Task run(AllreduceCall& call) {
  PutBack put_back(call);
  {
    const CompressTimer timer(call.outcome.compress_s);
    select_own(call, Picks::take);
  }
  const WireShape shape = wire_shape(call.shape);
  begin_messages(call, max_message_bytes(shape, *call.shape.index_codec, call.shape.value_codec));
  add_message(call, shape, call.shape.value_codec, {call.own.indices, call.own.values});
  co_await allgather_messages(call, 1);
  const CompressTimer timer(call.outcome.compress_s);
  add_messages(call);
  put_back.nothing();
  keep_rounding_errors(call);
}

}  // namespace

constinit const AllreduceAlgorithm allgather_topk_allreduce{
    .name = "allgather_topk",
    .summary = "every rank's own top-k to every rank; best quality per element, bytes grow with P",
    .exact = false,
    .deterministic = true,
    .supports = supports_sparse,
    .cost_s = cost_s,
    .tuned = tuned,
    .sent = sent,
    .run = run,
    .carries = true,
    .rule = SelectionRule::own,
    .reach = Reach::any,
};

}  // namespace pliant

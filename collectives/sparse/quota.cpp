// quota_*: every rank nominates its own largest elements; at the union of these places the values of all
// ranks are reduced densely. No rank leads, so no coordinate has to wait for its rank's turn.
//   P = 3, k = 5, step 0:  ranks nominate 2 2 1 places, 4 9 | 1 9 | 6;  1 4 6 9 and a reserve, 3
//   values of all ranks at 1 3 4 6 9  ->  allreduce  ->  sums on all
//
// Steps: two messages a rank, primary and reserve (quota_union.hpp), then those of the dense allreduce of k
// values. The messages take Bruck's allgather in ceil(log2 P) rounds, or P-1 steps around a ring. Bytes sent
// by all ranks together: (P-1) times all messages (raw: 80 a rank + 4 * 9/8 k) + 8k(P-1) values. Values are
// float32 whatever the value codec, since they are added on the way. Lossy. All ranks end with the same bits,
// since they unite the same nominations and the dense algorithms do. Residual: everything that is not at the
// places sent. Source: our own (docs/design/algorithms.md).
#include <algorithm>

#include "collectives/dense/dense.hpp"
#include "collectives/segments.hpp"
#include "collectives/sparse/leader.hpp"
#include "collectives/sparse/messages.hpp"
#include "collectives/sparse/quota_union.hpp"
#include "collectives/sparse/sparse.hpp"
#include "collectives/topology/binomial.hpp"
#include "compress/wire.hpp"
#include "kernels/long_vectors.hpp"

namespace pliant {
namespace {

using leader::values_shape;
using quota::Picked;
using quota::Quota;
using quota::Quotas;

constexpr int kMessages = 2;  // per rank: primary, reserve

AllreduceShape with_kept(AllreduceShape shape, std::int64_t kept) {
  shape.kept = kept;
  return shape;
}

// ---- What it costs ----

MessageCost nominations_cost(const AllreduceShape& shape, const CostModel& model, Quota quota) {
  const MessageCost primary = message_cost(with_kept(shape, quota.primary), model, false);
  const MessageCost reserve = message_cost(with_kept(shape, quota.reserve), model, false);
  return {primary.bytes + reserve.bytes, primary.codec_s + reserve.codec_s};
}

/// Average cost of one rank's nominations, [byte] and [s] for coding.
MessageCost mean_nominations_cost(const AllreduceShape& shape, const CostModel& model) {
  const Quotas quotas(shape.kept, shape.ranks, 0);
  AllreduceShape coded = shape;
  coded.index_codec = &index_codec_for(shape, model);
  const MessageCost most = nominations_cost(coded, model, quotas.most());
  const MessageCost least = nominations_cost(coded, model, quotas.least());
  const double most_share = static_cast<double>(quotas.ranks_with_most()) / shape.ranks;
  return {most_share * most.bytes + (1 - most_share) * least.bytes,
          most_share * most.codec_s + (1 - most_share) * least.codec_s};
}

double cost_s(const AllreduceShape& shape, const CostModel& model, const AllreduceAlgorithm& dense) {
  const MessageCost nominations = mean_nominations_cost(shape, model);
  const double pass_s = model.compute.select_s_per_element + model.compute.apply_s_per_element;
  // Nominations are merged two and two, and filled up; values are taken and scattered.
  const std::int64_t room = Quotas(shape.kept, shape.ranks, 0).room();
  const auto pairs = static_cast<double>((binomial::rounds(shape.ranks) + 1) * room + 2 * shape.kept);
  return allgather_messages_s(shape, model, nominations.bytes) + shape.ranks * nominations.codec_s +
         dense.cost_s(values_shape(shape), model) + static_cast<double>(shape.count) * pass_s +
         pairs * model.compute.pair_s_per_element;
}

Tuning tuned(const AllreduceShape& shape, const CostModel& model, const AllreduceAlgorithm& dense) {
  return {.segment_bytes = tuned_for(dense, values_shape(shape), model).segment_bytes,
          .route = tuned_allgather(shape, model, mean_nominations_cost(shape, model).bytes).route};
}

/// Number of ranks among the `moved` ranks from `rank` on, around P, that are below `larger`.
std::int64_t larger_blocks(int rank, int moved, int larger, int ranks) {
  const int before_end = std::max(0, std::min(rank + moved, larger) - rank);
  const int behind_end = std::clamp(rank + moved - ranks, 0, larger);
  return before_end + behind_end;
}

/// Traffic around the ring: a rank sends its own messages and those that came, except the next rank's.
Traffic passed_around(const AllreduceShape& shape, const Quotas& quotas, int rank) {
  Traffic sent;
  for (int of = 0; of < shape.ranks; ++of) {
    if (of == (rank + 1) % shape.ranks) continue;
    for (const std::int64_t kept : {quotas.of(of).primary, quotas.of(of).reserve}) {
      const std::int64_t bytes = predicted_bytes(with_kept(shape, kept), false);
      sent.messages += segments_of(bytes, shape.segment_bytes);
      sent.bytes += bytes;
    }
  }
  return sent;
}

/// Traffic at step 0, when the first ranks have the larger quotas. All ranks together send the same at every
/// step.
Traffic nominations_sent(const AllreduceShape& shape, int rank) {
  const Quotas quotas(shape.kept, shape.ranks, 0);
  if (shape.ranks > 1 && shape.route == Route::neighbours) return passed_around(shape, quotas, rank);
  const auto bytes_of = [&](Quota quota) {
    return predicted_bytes(with_kept(shape, quota.primary), false) +
           predicted_bytes(with_kept(shape, quota.reserve), false);
  };
  const std::int64_t most = bytes_of(quotas.most());
  const std::int64_t least = bytes_of(quotas.least());
  Traffic sent;
  for (int held = 1; held < shape.ranks; held *= 2) {
    const int moved = std::min(held, shape.ranks - held);
    const std::int64_t larger = larger_blocks(rank, moved, quotas.ranks_with_most(), shape.ranks);
    ++sent.messages;
    sent.bytes += larger * most + (moved - larger) * least;
  }
  return sent;
}

// ---- How it runs ----

/// Elements that include this rank's nominations; residual = the error-fed gradient.
Picked pick(AllreduceCall& call, Quota quota) {
  if (call.own.made) return {call.own.indices, call.own.values, call.shape.kept};
  SelectCall<float> select{.residual = call.residual,
                           .gradient = call.gradient,
                           .count = call.shape.count,
                           .kept = quota.all(),
                           .take = false};
  const Selection selected = select_topk(call.kernels, select, call.workspace.select);
  call.outcome.selection = {.total_squared = selected.total_squared};
  call.gradient = nullptr;
  return {select.indices, select.values, select.kept};
}

void nominate_own(AllreduceCall& call, const Quotas& quotas, std::uint32_t* nominations) {
  const CompressTimer timer(call.outcome.compress_s);
  const int rank = call.comm.rank();
  const Quota quota = quotas.of(rank);
  if (quota.all() == 0) {
    feed(call);
  } else {
    const Picked picked = pick(call, quota);
    quota::nominate(quotas, rank, picked, call.workspace.magnitudes.of<std::uint32_t>(picked.count),
                    nominations);
  }
  clear_result(call);
}

void add_own_messages(AllreduceCall& call, const Quotas& quotas, std::uint32_t* nominations) {
  const std::int64_t count = call.shape.count;
  const IndexCodec& codec = *call.shape.index_codec;
  begin_messages(call, max_message_bytes({count, quotas.most().primary}, codec, nullptr) +
                           max_message_bytes({count, quotas.most().reserve}, codec, nullptr));
  for (const Range range : {quotas.primary(call.comm.rank()), quotas.reserve(call.comm.rank())})
    add_message(call, {count, range.count}, nullptr, {nominations + range.begin, nullptr});
}

/// [kept] The places that are sent, from all ranks' messages.
const std::uint32_t* unite(AllreduceCall& call, const Quotas& quotas, std::uint32_t* nominations) {
  const CompressTimer timer(call.outcome.compress_s);
  for (int of = 0; of < quotas.ranks(); ++of) {
    if (of == call.comm.rank()) continue;
    int which = 0;
    for (const Range range : {quotas.primary(of), quotas.reserve(of)})
      decode_message(message_of(call, of, kMessages, which++), {{call.shape.count, range.count}, false, of},
                     nominations + range.begin, nullptr);
  }
  auto* const places = call.workspace.indices.of<std::uint32_t>(quotas.kept());
  quota::unite(quotas, nominations, call.workspace.turns.of<std::uint64_t>(quotas.reserves()), places);
  return places;
}

float* take_values(AllreduceCall& call, const std::uint32_t* places) {
  const CompressTimer timer(call.outcome.compress_s);
  auto* const values = call.workspace.values.of<float>(call.shape.kept);
  Selection& told = call.outcome.selection;
  const double total_squared = told.total_squared;
  told = take_sent(call, places, call.shape.kept, values);
  told.total_squared = total_squared;
  return values;
}

Task reduce_at_union(AllreduceCall& call, const AllreduceAlgorithm& dense) {
  PutBack put_back(call);
  const Quotas quotas(call.shape.kept, call.comm.ranks(), call.step);
  auto* const nominations = call.workspace.nominations.of<std::uint32_t>(quotas.room());
  nominate_own(call, quotas, nominations);
  add_own_messages(call, quotas, nominations);
  co_await allgather_messages(call, kMessages);
  const std::uint32_t* const places = unite(call, quotas, nominations);
  float* const values = take_values(call, places);
  AllreduceCall sum{.comm = call.comm,
                    .workspace = call.workspace,
                    .kernels = call.kernels,
                    .shape = values_shape(call.shape),
                    .tag = call.tag,
                    .data = reinterpret_cast<std::byte*>(values),
                    .own = {},
                    .outcome = {}};
  co_await dense.run(sum);
  put_back.nothing();
  const CompressTimer timer(call.outcome.compress_s);
  scatter_add(call.kernels, reinterpret_cast<float*>(call.data), places, values, call.shape.kept,
              call.workspace.select);
}

template <const AllreduceAlgorithm& dense>
constexpr AllreduceAlgorithm by_quota(std::string_view name, std::string_view summary, bool by_tree = false) {
  return {
      .name = name,
      .summary = summary,
      .exact = false,
      .deterministic = false,
      .supports = supports_sparse,
      .cost_s = [](const AllreduceShape& shape,
                   const CostModel& model) { return cost_s(shape, model, dense); },
      .tuned = [](const AllreduceShape& shape, const CostModel& model) { return tuned(shape, model, dense); },
      .sent = [](const AllreduceShape& shape,
                 int rank) { return nominations_sent(shape, rank) + dense.sent(values_shape(shape), rank); },
      .run = [](AllreduceCall& call) { return reduce_at_union(call, dense); },
      .carries = true,
      .ends_apart = by_tree,
      .rule = SelectionRule::quota,
      .reach = Reach::any,
  };
}

}  // namespace

constinit const AllreduceAlgorithm quota_ring_allreduce =
    by_quota<ring_allreduce>("quota_ring", "every rank's share of the places, values reduced by ring");
constinit const AllreduceAlgorithm quota_rabenseifner_allreduce = by_quota<rabenseifner_allreduce>(
    "quota_rabenseifner", "every rank's share of the places, values reduced by rabenseifner");
constinit const AllreduceAlgorithm quota_double_tree_allreduce = by_quota<double_tree_allreduce>(
    "quota_double_tree", "every rank's share of the places, values reduced by double_tree", true);

}  // namespace pliant

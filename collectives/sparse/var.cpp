// var_*: AR-Topk led by the rank whose selection weighs most (the paper's VAR-Topk). leader.hpp has the steps
// and bytes. Before them comes an allgather of one score a rank, ||its top-k values||^2 of the error-fed
// gradient: ceil(log2 P) rounds, 8(P-1) bytes per rank (double; the paper counts 4). Every rank selects. On
// ties the lowest rank leads. A NaN or an infinity among these values makes the score infinite, so that its
// rank leads and the value is sent.
#include <cstring>
#include <limits>

#include "collectives/dense/dense.hpp"
#include "collectives/exchange.hpp"
#include "collectives/sparse/leader.hpp"
#include "collectives/sparse/sparse.hpp"

namespace pliant {
namespace {

constexpr std::int64_t kScoreBytes = sizeof(double);

/// Sets `best` to the rank with the largest score, the same on every rank.
Task elect(AllreduceCall& call, double score, int& best) {
  const int ranks = call.comm.ranks();
  std::byte* scores = call.workspace.scores.of<std::byte>(ranks * kScoreBytes);
  std::memcpy(scores, &score, sizeof score);
  co_await allgather(call, scores, kScoreBytes);
  best = 0;
  double best_score = -1;
  for (int of = 0; of < ranks; ++of) {
    double candidate = 0;
    std::memcpy(&candidate, scores + block_of(of, call.comm.rank(), ranks) * kScoreBytes, sizeof candidate);
    if (candidate > best_score) {
      best = of;
      best_score = candidate;
    }
  }
}

Task run(AllreduceCall& call, const AllreduceAlgorithm& dense) {
  double score = 0;
  {
    const CompressTimer timer(call.outcome.compress_s);
    select_own(call, Picks::leave);
    score = call.own.nonfinite > 0 ? std::numeric_limits<double>::infinity() : call.own.sent_squared;
  }
  int root = 0;
  co_await elect(call, score, root);
  co_await leader::reduce_at_leader(call, root, dense);
}

template <const AllreduceAlgorithm& dense>
constexpr AllreduceAlgorithm var(std::string_view name, std::string_view summary, bool by_tree = false) {
  return {
      .name = name,
      .summary = summary,
      .exact = false,
      .deterministic = by_tree,
      .supports = supports_sparse,
      .cost_s =
          [](const AllreduceShape& shape, const CostModel& model) {
            return allgather_s(shape.ranks, kScoreBytes, model.link) + leader::cost_s(shape, model, dense);
          },
      .tuned = [](const AllreduceShape& shape,
                  const CostModel& model) { return leader::tuned(shape, model, dense); },
      // With rank 0 as the leader, which may be any rank.
      .sent =
          [](const AllreduceShape& shape, int rank) {
            return allgather_sent(shape, kScoreBytes) + leader::sent(shape, rank, 0, dense);
          },
      .run = [](AllreduceCall& call) { return run(call, dense); },
      .carries = true,
      .ends_apart = by_tree,
      .rule = SelectionRule::heaviest,
      .reach = Reach::any,
  };
}

}  // namespace

constinit const AllreduceAlgorithm var_ring_allreduce =
    var<ring_allreduce>("var_ring", "indices of the rank with the heaviest top-k, values reduced by ring");
constinit const AllreduceAlgorithm var_tree_allreduce = var<tree_allreduce>(
    "var_tree", "indices of the rank with the heaviest top-k, values reduced by tree", true);
constinit const AllreduceAlgorithm var_rabenseifner_allreduce = var<rabenseifner_allreduce>(
    "var_rabenseifner", "indices of the rank with the heaviest top-k, values reduced by rabenseifner");

}  // namespace pliant

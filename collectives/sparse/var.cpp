// var_*: AR-Topk led by the rank whose selection weighs most (the paper's VAR-Topk). leader.hpp has the steps
// and bytes. Before them comes an allgather of one score a rank, ||its top-k values||^2 of the error-fed
// gradient: ceil(log2 P) rounds, 8(P-1) bytes per rank (double; the paper counts 4). Every rank selects. On
// ties the lowest rank leads. A NaN or an infinity among these values makes the score infinite, so that its
// rank leads and the value is sent.
#include <cstring>
#include <limits>

#include "collectives/dense/dense.hpp"
#include "collectives/exchange.hpp"
#include "collectives/paper_costs.hpp"
#include "collectives/sparse/leader.hpp"
#include "collectives/sparse/sparse.hpp"

namespace pliant {
namespace {

constexpr std::int64_t kScoreBytes = sizeof(double);
constexpr double kPaperScoreBytes = 4;

template <const AllreduceAlgorithm& dense>
double cost_s(const AllreduceShape& shape, const CostModel& model) {
  return paper::allgather_s(shape.ranks, static_cast<double>(kScoreBytes), model.link) +
         leader::cost_s(shape, model, dense);
}

template <const AllreduceAlgorithm& dense>
double paper_cost_s(const AllreduceShape& shape, const LinkModel& link) {
  return paper::allgather_s(shape.ranks, kPaperScoreBytes, link) +
         leader::paper_cost_s(shape, link, dense.paper_cost_s(leader::values_shape(shape), link));
}

/// Traffic with rank 0 as the leader, which may be any rank.
template <const AllreduceAlgorithm& dense>
Traffic sent(const AllreduceShape& shape, int rank) {
  return allgather_sent(shape, kScoreBytes) + leader::sent(shape, rank, 0, dense);
}

template <const AllreduceAlgorithm& dense>
AllreduceShape tuned(AllreduceShape shape, const CostModel& model) {
  return leader::tuned(shape, model, dense);
}

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

template <const AllreduceAlgorithm& dense>
Task run(AllreduceCall& call) {
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

}  // namespace

constinit const AllreduceAlgorithm var_ring_allreduce{
    .name = "var_ring",
    .summary = "indices of the rank with the heaviest top-k, values reduced by ring",
    .exact = false,
    .deterministic = false,
    .supports = supports_sparse,
    .cost_s = cost_s<ring_allreduce>,
    .paper_cost_s = paper_cost_s<ring_allreduce>,
    .tuned = tuned<ring_allreduce>,
    .sent = sent<ring_allreduce>,
    .run = run<ring_allreduce>,
    .rule = SelectionRule::heaviest,
    .reach = Reach::any,
};

constinit const AllreduceAlgorithm var_tree_allreduce{
    .name = "var_tree",
    .summary = "indices of the rank with the heaviest top-k, values reduced by tree",
    .exact = false,
    .deterministic = true,
    .supports = supports_sparse,
    .cost_s = cost_s<tree_allreduce>,
    .paper_cost_s = paper_cost_s<tree_allreduce>,
    .tuned = tuned<tree_allreduce>,
    .sent = sent<tree_allreduce>,
    .run = run<tree_allreduce>,
    .rule = SelectionRule::heaviest,
    .reach = Reach::any,
};

constinit const AllreduceAlgorithm var_rabenseifner_allreduce{
    .name = "var_rabenseifner",
    .summary = "indices of the rank with the heaviest top-k, values reduced by rabenseifner",
    .exact = false,
    .deterministic = false,
    .supports = supports_sparse,
    .cost_s = cost_s<rabenseifner_allreduce>,
    .paper_cost_s = nullptr,
    .tuned = tuned<rabenseifner_allreduce>,
    .sent = sent<rabenseifner_allreduce>,
    .run = run<rabenseifner_allreduce>,
    .rule = SelectionRule::heaviest,
    .reach = Reach::any,
};

}  // namespace pliant

// var_*: AR-Topk led by the rank whose selection weighs most (the paper's VAR-Topk). Steps and bytes:
// leader.hpp, and before them an allgather of one score a rank, ||its top-k values||^2 of the error-fed
// gradient: ceil(log2 P) rounds, 8(P-1) bytes per rank (double; the paper counts 4). Every rank selects.
// Lowest rank on ties; a NaN score counts as infinite, so that a rank with a NaN leads and the NaN is sent.
#include <cmath>
#include <cstring>
#include <limits>

#include "collectives/dense/dense.hpp"
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

std::int64_t total_wire_bytes(const AllreduceShape& shape) {
  return allgather_wire_bytes(shape.ranks, kScoreBytes) + leader::total_wire_bytes(shape);
}

/// The rank with the largest score, from everybody's. Same on every rank.
int elect(AllreduceCall& call, double score) {
  const int ranks = call.comm.ranks();
  std::byte* scores = Workspace::room(call.workspace.scores, ranks * kScoreBytes);
  if (std::isnan(score)) score = std::numeric_limits<double>::infinity();
  std::memcpy(scores, &score, sizeof score);
  allgather(call.comm, scores, kScoreBytes);
  int best = 0;
  double best_score = -1;
  for (int of = 0; of < ranks; ++of) {
    double candidate = 0;
    std::memcpy(&candidate, scores + block_of(of, call.comm.rank(), ranks) * kScoreBytes, sizeof candidate);
    if (candidate > best_score) {
      best = of;
      best_score = candidate;
    }
  }
  return best;
}

template <const AllreduceAlgorithm& dense>
void run(AllreduceCall& call) {
  double score = 0;
  {
    const CompressTimer timer(call.outcome.compress_s);
    select_own(call, Picks::leave);
    score = call.own.sent_squared;
  }
  leader::reduce_at_leader(call, elect(call, score), dense);
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
    .total_wire_bytes = total_wire_bytes,
    .run = run<ring_allreduce>,
};

constinit const AllreduceAlgorithm var_tree_allreduce{
    .name = "var_tree",
    .summary = "indices of the rank with the heaviest top-k, values reduced by tree",
    .exact = false,
    .deterministic = true,
    .supports = supports_sparse,
    .cost_s = cost_s<tree_allreduce>,
    .paper_cost_s = paper_cost_s<tree_allreduce>,
    .total_wire_bytes = total_wire_bytes,
    .run = run<tree_allreduce>,
};

constinit const AllreduceAlgorithm var_rabenseifner_allreduce{
    .name = "var_rabenseifner",
    .summary = "indices of the rank with the heaviest top-k, values reduced by rabenseifner",
    .exact = false,
    .deterministic = false,
    .supports = supports_sparse,
    .cost_s = cost_s<rabenseifner_allreduce>,
    .paper_cost_s = nullptr,
    .total_wire_bytes = total_wire_bytes,
    .run = run<rabenseifner_allreduce>,
};

}  // namespace pliant

// star_*: AR-Topk with a rotating leader, step mod P (the paper's STAR-Topk). Steps and bytes: leader.hpp.
#include "collectives/dense/dense.hpp"
#include "collectives/sparse/leader.hpp"
#include "collectives/sparse/sparse.hpp"

namespace pliant {
namespace {

template <const AllreduceAlgorithm& dense>
double cost_s(const AllreduceShape& shape, const CostModel& model) {
  return leader::cost_s(shape, model, dense);
}

template <const AllreduceAlgorithm& dense>
double paper_cost_s(const AllreduceShape& shape, const LinkModel& link) {
  return leader::paper_cost_s(shape, link, dense.paper_cost_s(leader::values_shape(shape), link));
}

/// Traffic with the leader of step 0; any rank may lead.
template <const AllreduceAlgorithm& dense>
Traffic sent(const AllreduceShape& shape, int rank) {
  return leader::sent(shape, rank, 0, dense);
}

template <const AllreduceAlgorithm& dense>
AllreduceShape tuned(AllreduceShape shape, const CostModel& model) {
  return leader::tuned(shape, model, dense);
}

template <const AllreduceAlgorithm& dense>
Task run(AllreduceCall& call) {
  const int root = static_cast<int>(call.step % call.comm.ranks());
  if (call.comm.rank() == root) {
    const CompressTimer timer(call.outcome.compress_s);
    select_own(call, Picks::leave);
  }
  co_await leader::reduce_at_leader(call, root, dense);
}

}  // namespace

constinit const AllreduceAlgorithm star_ring_allreduce{
    .name = "star_ring",
    .summary = "rotating leader's indices, values reduced by ring",
    .exact = false,
    .deterministic = false,
    .supports = supports_sparse,
    .cost_s = cost_s<ring_allreduce>,
    .paper_cost_s = paper_cost_s<ring_allreduce>,
    .tuned = tuned<ring_allreduce>,
    .sent = sent<ring_allreduce>,
    .run = run<ring_allreduce>,
    .rule = SelectionRule::turn,
    .reach = Reach::any,
};

constinit const AllreduceAlgorithm star_tree_allreduce{
    .name = "star_tree",
    .summary = "rotating leader's indices, values reduced by tree",
    .exact = false,
    .deterministic = true,
    .supports = supports_sparse,
    .cost_s = cost_s<tree_allreduce>,
    .paper_cost_s = paper_cost_s<tree_allreduce>,
    .tuned = tuned<tree_allreduce>,
    .sent = sent<tree_allreduce>,
    .run = run<tree_allreduce>,
    .rule = SelectionRule::turn,
    .reach = Reach::any,
};

constinit const AllreduceAlgorithm star_rabenseifner_allreduce{
    .name = "star_rabenseifner",
    .summary = "rotating leader's indices, values reduced by rabenseifner",
    .exact = false,
    .deterministic = false,
    .supports = supports_sparse,
    .cost_s = cost_s<rabenseifner_allreduce>,
    .paper_cost_s = nullptr,
    .tuned = tuned<rabenseifner_allreduce>,
    .sent = sent<rabenseifner_allreduce>,
    .run = run<rabenseifner_allreduce>,
    .rule = SelectionRule::turn,
    .reach = Reach::any,
};

}  // namespace pliant

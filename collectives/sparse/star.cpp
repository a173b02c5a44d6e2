// star_*: AR-Topk with a rotating leader, step mod P (the paper's STAR-Topk). Steps and bytes: leader.hpp.
#include "collectives/dense/dense.hpp"
#include "collectives/sparse/leader.hpp"
#include "collectives/sparse/sparse.hpp"

namespace pliant {
namespace {

Task run(AllreduceCall& call, const AllreduceAlgorithm& dense) {
  const int root = static_cast<int>(call.step % call.comm.ranks());
  if (call.comm.rank() == root) {
    const CompressTimer timer(call.outcome.compress_s);
    select_own(call, Picks::leave);
  }
  co_await leader::reduce_at_leader(call, root, dense);
}

template <const AllreduceAlgorithm& dense>
constexpr AllreduceAlgorithm star(std::string_view name, std::string_view summary, bool by_tree = false) {
  return {
      .name = name,
      .summary = summary,
      .exact = false,
      .deterministic = by_tree,
      .supports = supports_sparse,
      .cost_s = [](const AllreduceShape& shape,
                   const CostModel& model) { return leader::cost_s(shape, model, dense); },
      .tuned = [](const AllreduceShape& shape,
                  const CostModel& model) { return leader::tuned(shape, model, dense); },
      // With the leader of step 0; any rank may lead.
      .sent = [](const AllreduceShape& shape, int rank) { return leader::sent(shape, rank, 0, dense); },
      .run = [](AllreduceCall& call) { return run(call, dense); },
      .carries = true,
      .ends_apart = by_tree,
      .rule = SelectionRule::turn,
      .reach = Reach::any,
  };
}

}  // namespace

constinit const AllreduceAlgorithm star_ring_allreduce =
    star<ring_allreduce>("star_ring", "rotating leader's indices, values reduced by ring");
constinit const AllreduceAlgorithm star_tree_allreduce =
    star<tree_allreduce>("star_tree", "rotating leader's indices, values reduced by tree", true);
constinit const AllreduceAlgorithm star_rabenseifner_allreduce = star<rabenseifner_allreduce>(
    "star_rabenseifner", "rotating leader's indices, values reduced by rabenseifner");

}  // namespace pliant

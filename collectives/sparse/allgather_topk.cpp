// allgather_topk (the papers' AG-Topk): every rank sends its own k largest elements to every other.
//   P = 2, k = 2:  rank 0 sends (1, a) (7, b), rank 1 sends (3, c) (7, d);  result: a at 1, c at 3, b + d at
//   7
// Rounds ceil(log2 P) (Bruck's allgather); bytes sent per rank 8k(P-1): uint32 index and float value. Lossy.
// All ranks end with the same bits: each adds the blocks in the order of the ranks. Residual: all but the
// rank's own k. Source: Table I of the flexible-communication paper; error feedback as in Stich et al.,
// NeurIPS 2018.
#include <cstring>

#include "collectives/dense/dense.hpp"
#include "collectives/paper_costs.hpp"
#include "collectives/sparse/sparse.hpp"

namespace pliant {
namespace {

std::int64_t block_bytes(const AllreduceShape& shape) {
  return shape.index_bytes() + shape.kept_bytes();
}

double paper_cost_s(const AllreduceShape& shape, const LinkModel& link) {
  return paper::allgather_s(shape.ranks, static_cast<double>(block_bytes(shape)), link);
}

double cost_s(const AllreduceShape& shape, const CostModel& model) {
  const double pairs = static_cast<double>(shape.kept) * (shape.ranks + 1);  // taken once, added P times
  const double pass_s = model.compute.select_s_per_element + model.compute.apply_s_per_element;
  return paper_cost_s(shape, model.link) + static_cast<double>(shape.count) * pass_s +
         pairs * model.compute.pair_s_per_element;
}

std::int64_t total_wire_bytes(const AllreduceShape& shape) {
  return allgather_wire_bytes(shape.ranks, block_bytes(shape));
}

void run(AllreduceCall& call) {
  const int ranks = call.comm.ranks();
  const int rank = call.comm.rank();
  const std::int64_t kept = call.shape.kept;
  const std::int64_t block = block_bytes(call.shape);
  std::byte* blocks = Workspace::room(call.workspace.pairs, ranks * block);
  {
    const CompressTimer timer(call.outcome.compress_s);
    select_own(call);
    call.outcome.selection =
        call.kernels.take(call.residual, call.workspace.indices.data(), kept, call.workspace.values.data());
    std::memcpy(blocks, call.workspace.indices.data(), static_cast<std::size_t>(call.shape.index_bytes()));
    std::memcpy(blocks + call.shape.index_bytes(), call.workspace.values.data(),
                static_cast<std::size_t>(call.shape.kept_bytes()));
  }
  allgather(call.comm, blocks, block);

  const CompressTimer timer(call.outcome.compress_s);
  clear_result(call);
  for (int of = 0; of < ranks; ++of) {
    const std::byte* pairs = blocks + block_of(of, rank, ranks) * block;
    call.kernels.scatter_add(reinterpret_cast<float*>(call.data),
                             reinterpret_cast<const std::uint32_t*>(pairs),
                             reinterpret_cast<const float*>(pairs + call.shape.index_bytes()), kept);
  }
}

}  // namespace

constinit const AllreduceAlgorithm allgather_topk_allreduce{
    .name = "allgather_topk",
    .summary = "every rank's own top-k to every rank; best quality per element, bytes grow with P",
    .exact = false,
    .deterministic = true,
    .supports = supports_sparse,
    .cost_s = cost_s,
    .paper_cost_s = paper_cost_s,
    .total_wire_bytes = total_wire_bytes,
    .run = run,
};

}  // namespace pliant

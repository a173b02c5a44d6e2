// Ring allreduce: a reduce-scatter, then an allgather, around one ring.
//   P = 3, chunks a b c. Sums held after each step (rank 0 | 1 | 2), capital = complete:
//     start             a0 b0 c0  | a1 b1 c1  | a2 b2 c2
//     reduce-scatter 1  a0 b0 c02 | a01 b1 c1 | a2 b12 c2
//     reduce-scatter 2  a0 B  c02 | a01 b1 C  | A  b12 c2
//     allgather 1, 2    A B C on every rank
// Steps 2(P-1); bytes sent per rank 2n(P-1)/P. Exact. All ranks end with the same bits: each chunk is summed
// once, then copied. Source: Patarasuk and Yuan, J. Parallel Distrib. Comput. 69(2), 2009.
#include "collectives/topology/ring.hpp"

#include "collectives/dense/dense.hpp"
#include "collectives/paper_costs.hpp"
#include "core/partition.hpp"

namespace pliant {
namespace {

double paper_cost_s(const AllreduceShape& shape, const LinkModel& link) {
  return paper::ring_s(shape.ranks, static_cast<double>(shape.bytes()), link);
}

double cost_s(const AllreduceShape& shape, const CostModel& model) {
  const double chunk_bytes = static_cast<double>(shape.bytes()) / shape.ranks;
  return paper_cost_s(shape, model.link) + (shape.ranks - 1) * chunk_bytes * model.compute.gamma_s_per_byte;
}

void run(AllreduceCall& call) {
  const int ranks = call.comm.ranks();
  const int rank = call.comm.rank();
  const int next = ring::next(rank, ranks);
  const int previous = ring::previous(rank, ranks);
  const ElementType type = call.shape.type;
  const ReduceFunction reduce = call.kernels.reduction(type, call.op);
  const auto chunk = [&](int index) {
    const Range range = chunk_of(call.shape.count, ranks, index);
    return elements(call.data, range.begin, range.count, type);
  };

  std::byte* received = Workspace::room(call.workspace.receive,
                                        chunk_of(call.shape.count, ranks, 0).count * element_bytes(type));
  for (int step = 0; step < ranks - 1; ++step) {
    const auto target = chunk(ring::scatter_chunk(previous, step, ranks));
    const std::span<std::byte> incoming(received, target.size());
    call.comm.exchange(chunk(ring::scatter_chunk(rank, step, ranks)), next, incoming, previous);
    reduce(target.data(), received, static_cast<std::int64_t>(target.size()) / element_bytes(type));
  }
  for (int step = 0; step < ranks - 1; ++step)
    call.comm.exchange(chunk(ring::gather_chunk(rank, step, ranks)), next,
                       chunk(ring::gather_chunk(previous, step, ranks)), previous);
}

}  // namespace

constinit const AllreduceAlgorithm ring_allreduce{
    .name = "ring",
    .summary = "reduce-scatter + allgather on a ring; best for large messages",
    .exact = true,
    .deterministic = false,
    .supports = supports_all,
    .cost_s = cost_s,
    .paper_cost_s = paper_cost_s,
    .total_wire_bytes = dense_wire_bytes,
    .run = run,
};

}  // namespace pliant

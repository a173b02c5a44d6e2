// Tree allreduce: binomial reduce to rank 0, then binomial broadcast from it.
//   P = 4:  reduce    1>0 3>2, then 2>0          broadcast  0>2, then 0>1 2>3
//
// Rounds 2 ceil(log2 P), each of all n bytes; all ranks together send 2(P-1)n. Exact. All ranks end with the
// bits of rank 0's sum, whose order of additions depends on P alone. Source: binomial trees as in Thakur,
// Rabenseifner and Gropp, Int. J. High Perform. Comput. Appl. 19(1), 2005.
#include "collectives/dense/dense.hpp"
#include "collectives/exchange.hpp"
#include "collectives/topology/binomial.hpp"

namespace pliant {
namespace {

SegmentChoice choose(const AllreduceShape& shape, const CostModel& model) {
  const double bytes = static_cast<double>(shape.bytes());
  return best_segment(shape.bytes(), [&](std::int64_t segment_bytes) {
    const double round_s = travel_s(bytes, static_cast<double>(segment_bytes), model.link);
    const double reduce_s =
        std::min(bytes, static_cast<double>(segment_bytes)) * model.compute.gamma_s_per_byte;
    return binomial::rounds(shape.ranks) * (2 * round_s + reduce_s);
  });
}

double cost_s(const AllreduceShape& shape, const CostModel& model) {
  return choose(shape, model).s;
}

Tuning tuned(const AllreduceShape& shape, const CostModel& model) {
  return {.segment_bytes = choose(shape, model).bytes};
}

Traffic sent(const AllreduceShape& shape, int rank) {
  Traffic total = broadcast_sent(shape, shape.bytes(), rank, 0);
  if (rank != 0) {
    total.messages += segments_of(shape.bytes(), shape.segment_bytes);
    total.bytes += shape.bytes();
  }
  return total;
}

Task run(AllreduceCall& call) {
  const int ranks = call.comm.ranks();
  const int v = call.comm.rank();
  const auto bytes = elements(call.data, 0, call.shape.count, call.shape.type);
  const Pieces all(call.shape.segment_bytes, bytes);
  for (int step = 1; step < binomial::step_limit(v, ranks); step *= 2) {
    if (v + step >= ranks) break;
    co_await exchange(call, all, all, {MPI_PROC_NULL, v + step}, Arrival::reduce, call.telemetry);
  }
  if (v != 0)
    co_await exchange(call, all, all, {binomial::parent(v), MPI_PROC_NULL}, Arrival::place, call.telemetry);
  co_await broadcast(call, bytes, 0, call.telemetry);
}

}  // namespace

constinit const AllreduceAlgorithm tree_allreduce{
    .name = "tree",
    .summary = "binomial reduce + binomial broadcast; order of additions fixed",
    .exact = true,
    .deterministic = true,
    .supports = supports_all,
    .cost_s = cost_s,
    .tuned = tuned,
    .sent = sent,
    .run = run,
    .carries = true,
    .ends_apart = true,
};

}  // namespace pliant

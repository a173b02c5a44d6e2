// Recursive doubling: in round i a rank exchanges everything with the rank that differs in bit i.
//   P = 4:  0-1 2-3, then 0-2 1-3: every rank holds the sum
//
// Rounds log2 P, all n bytes in each. If P is no power of two, the extra ranks fold into a neighbour first
// and get the result last. No algorithm has fewer rounds, so it suits messages whose time is nearly all
// latency. Exact. All ranks end with the same bits: both ranks of a pair add in the order of their ranks. The
// order of additions depends on P alone. Source: Thakur, Rabenseifner and Gropp, Int. J. High Perform.
// Comput. Appl. 19(1), 2005.
#include <algorithm>
#include <cstring>
#include <utility>

#include "collectives/dense/dense.hpp"
#include "collectives/exchange.hpp"
#include "collectives/topology/hypercube.hpp"

namespace pliant {
namespace {

SegmentChoice choose(const AllreduceShape& shape, const CostModel& model) {
  const double bytes = static_cast<double>(shape.bytes());
  const double reduce_s = bytes * model.compute.gamma_s_per_byte;
  const int fold = hypercube::extras(shape.ranks) > 0 ? 1 : 0;
  const int rounds = binomial::rounds(hypercube::corners(shape.ranks));
  return best_segment(shape.bytes(), [&](std::int64_t segment_bytes) {
    const double round_s = travel_s(bytes, static_cast<double>(segment_bytes), model.link);
    return (rounds + 2 * fold) * round_s + (rounds + fold) * reduce_s;
  });
}

double cost_s(const AllreduceShape& shape, const CostModel& model) {
  return choose(shape, model).s;
}

Tuning tuned(const AllreduceShape& shape, const CostModel& model) {
  return {.segment_bytes = choose(shape, model).bytes};
}

Traffic sent(const AllreduceShape& shape, int rank) {
  const int cube = hypercube::cube_rank(rank, shape.ranks);
  const bool has_folded = cube >= 0 && rank < 2 * hypercube::extras(shape.ranks);
  const int messages =
      cube < 0 ? 1 : binomial::rounds(hypercube::corners(shape.ranks)) + (has_folded ? 1 : 0);
  return {messages * segments_of(shape.bytes(), shape.segment_bytes), messages * shape.bytes()};
}

/// `sum`: this rank's sum so far; the partner's goes to `other`. Afterwards `sum` points to the new sum. The
/// lower rank's elements come first in the addition.
Task exchange_and_reduce(AllreduceCall& call, int partner, std::byte*& sum, std::byte*& other) {
  const auto bytes = static_cast<std::size_t>(call.shape.bytes());
  const Pieces out(call.shape.segment_bytes, {sum, bytes});
  const Pieces in(call.shape.segment_bytes, {other, bytes});
  co_await exchange(call, out, in, {partner, partner}, Arrival::place, call.telemetry);
  if (call.comm.rank() > partner) std::swap(sum, other);
  call.kernels.reduction(call.shape.type, call.op)(sum, other, call.shape.count);
}

Task run(AllreduceCall& call) {
  const int ranks = call.comm.ranks();
  const int rank = call.comm.rank();
  const int cube = hypercube::cube_rank(rank, ranks);
  const auto bytes = static_cast<std::size_t>(call.shape.bytes());
  const Pieces all(call.shape.segment_bytes, {call.data, bytes});
  const bool has_folded = cube >= 0 && rank < 2 * hypercube::extras(ranks);
  if (cube < 0) {
    co_await exchange(call, all, all, {rank + 1, MPI_PROC_NULL}, Arrival::place, call.telemetry);
    co_await exchange(call, all, all, {MPI_PROC_NULL, rank + 1}, Arrival::place, call.telemetry);
    co_return;
  }
  if (has_folded)
    co_await exchange(call, all, all, {MPI_PROC_NULL, rank - 1}, Arrival::reduce, call.telemetry);
  std::byte* sum = call.data;
  std::byte* other = call.workspace.doubling.of<std::byte>(call.shape.bytes());
  for (int bit = 1; bit < hypercube::corners(ranks); bit *= 2)
    co_await exchange_and_reduce(call, hypercube::rank_of(cube ^ bit, ranks), sum, other);
  if (sum != call.data && bytes > 0) std::memcpy(call.data, sum, bytes);
  if (has_folded)
    co_await exchange(call, all, all, {rank - 1, MPI_PROC_NULL}, Arrival::place, call.telemetry);
}

}  // namespace

constinit const AllreduceAlgorithm recursive_doubling_allreduce{
    .name = "recursive_doubling",
    .summary = "everything to a partner in each of log2 P rounds; best for small messages",
    .exact = true,
    .deterministic = true,
    .supports = supports_all,
    .cost_s = cost_s,
    .tuned = tuned,
    .sent = sent,
    .run = run,
    .carries = true,
};

}  // namespace pliant

// Rabenseifner's allreduce: reduce-scatter by recursive halving, then allgather by recursive doubling.
//   P = 4, chunks a b c d; what a rank still sums (lower case), or holds complete (capital):
//     start       abcd | abcd | abcd | abcd
//     halve, 0-2 1-3:  ab | ab | cd | cd        halve, 0-1 2-3:  A | B | C | D
//     double, 0-1 2-3: AB | AB | CD | CD        double, 0-2 1-3: ABCD on every rank
// P = 2^m: rounds 2m; bytes sent per rank 2n(P-1)/P. Other P: the extra ranks fold into a partner first and
// get the result last, 2 rounds of n bytes more. Exact. All ranks end with the same bits: each chunk is
// summed once. Source: Rabenseifner, ICCS 2004.
#include <array>

#include "collectives/dense/dense.hpp"
#include "collectives/paper_costs.hpp"
#include "collectives/topology/hypercube.hpp"
#include "core/partition.hpp"

namespace pliant {
namespace {

constexpr int kMaxRounds = 32;

double cost_s(const AllreduceShape& shape, const CostModel& model) {
  const int corners = hypercube::corners(shape.ranks);
  const double share = static_cast<double>(corners - 1) / corners;
  const double bytes = static_cast<double>(shape.bytes());
  const double beta = model.link.beta_s_per_byte;
  const double gamma = model.compute.gamma_s_per_byte;
  const double cube_s = 2 * paper::rounds(corners) * model.link.alpha_s + share * bytes * (2 * beta + gamma);
  const double fold_s = 2 * model.link.alpha_s + bytes * (2 * beta + gamma);
  return cube_s + (hypercube::extras(shape.ranks) > 0 ? fold_s : 0);
}

/// Elements of chunks [first, first + chunks) of `parts`.
Range chunks_range(std::int64_t count, int parts, int first, int chunks) {
  const std::int64_t begin = chunk_of(count, parts, first).begin;
  const Range last = chunk_of(count, parts, first + chunks - 1);
  return {begin, last.begin + last.count - begin};
}

struct Round {
  int partner = 0;
  Range keep;
  Range give;
};

/// The rounds of recursive halving for one cube rank: what it keeps summing and what it gives away.
int plan(int cube, int ranks, std::int64_t count, std::array<Round, kMaxRounds>& rounds) {
  const int corners = hypercube::corners(ranks);
  int first = 0;
  int used = 0;
  for (int half = corners / 2; half > 0; half /= 2) {
    const bool upper = (cube & half) != 0;
    const Range low = chunks_range(count, corners, first, half);
    const Range high = chunks_range(count, corners, first + half, half);
    rounds[static_cast<std::size_t>(used++)] = {hypercube::rank_of(cube ^ half, ranks), upper ? high : low,
                                                upper ? low : high};
    if (upper) first += half;
  }
  return used;
}

void run_on_cube(AllreduceCall& call, int cube) {
  const ElementType type = call.shape.type;
  const ReduceFunction reduce = call.kernels.reduction(type, call.op);
  const auto part = [&](const Range& range) { return elements(call.data, range.begin, range.count, type); };
  std::array<Round, kMaxRounds> rounds;
  const int used = plan(cube, call.comm.ranks(), call.shape.count, rounds);

  std::byte* received = Workspace::room(call.workspace.receive, call.shape.bytes());
  for (int i = 0; i < used; ++i) {
    const Round& round = rounds[static_cast<std::size_t>(i)];
    const auto keep = part(round.keep);
    call.comm.exchange(part(round.give), round.partner, {received, keep.size()}, round.partner);
    reduce(keep.data(), received, round.keep.count);
  }
  for (int i = used - 1; i >= 0; --i) {
    const Round& round = rounds[static_cast<std::size_t>(i)];
    call.comm.exchange(part(round.keep), round.partner, part(round.give), round.partner);
  }
}

void run(AllreduceCall& call) {
  const int ranks = call.comm.ranks();
  const int rank = call.comm.rank();
  const int cube = hypercube::cube_rank(rank, ranks);
  const auto all = elements(call.data, 0, call.shape.count, call.shape.type);
  if (cube < 0) {
    call.comm.send(all, rank + 1);
    call.comm.receive(all, rank + 1);
    return;
  }
  const bool has_folded = rank < 2 * hypercube::extras(ranks);
  if (has_folded) {
    std::byte* received = Workspace::room(call.workspace.receive, call.shape.bytes());
    call.comm.receive({received, all.size()}, rank - 1);
    call.kernels.reduction(call.shape.type, call.op)(call.data, received, call.shape.count);
  }
  run_on_cube(call, cube);
  if (has_folded) call.comm.send(all, rank - 1);
}

}  // namespace

constinit const AllreduceAlgorithm rabenseifner_allreduce{
    .name = "rabenseifner",
    .summary =
        "recursive halving + recursive doubling; few rounds and few bytes, best where P is a power of two",
    .exact = true,
    .deterministic = false,
    .supports = supports_all,
    .cost_s = cost_s,
    .paper_cost_s = nullptr,
    .total_wire_bytes = dense_wire_bytes,
    .run = run,
};

}  // namespace pliant

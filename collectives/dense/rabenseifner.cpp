// Rabenseifner's allreduce, for any P: reduce-scatter by halving, then allgather by doubling.
//   P = 4, chunks a b c d; what a rank still sums (lower case), or holds complete (capital):
//     start              abcd | abcd | abcd | abcd
//     halve, r to r+2:   ab | bc | cd | da          halve, r to r+1:   A | B | C | D
//     double, r+1 to r:  AB | BC | CD | DA          double, r+2 to r:  ABCD on every rank
//
// Rounds 2 ceil(log2 P), bytes sent per rank 2n(P-1)/P, both for any P: topology/circulant.hpp. A round's
// message travels in segments, each reduced while the next is on its way. Exact. All ranks end with the same
// bits: each chunk is summed once, then copied. Source: Rabenseifner, ICCS 2004; Traeff, arXiv 2410.14234.
#include <algorithm>
#include <cmath>

#include "collectives/dense/dense.hpp"
#include "collectives/exchange.hpp"
#include "collectives/topology/circulant.hpp"
#include "core/partition.hpp"

namespace pliant {
namespace {

double with_segment_s(const AllreduceShape& shape, const CostModel& model, std::int64_t segment_bytes) {
  const circulant::Rounds rounds = circulant::rounds_of(shape.ranks);
  const double chunk_bytes = static_cast<double>(shape.bytes()) / shape.ranks;
  double total_s = 0;
  for (int i = 0; i < rounds.count; ++i) {
    const circulant::Round& round = rounds.rounds[static_cast<std::size_t>(i)];
    const double bytes = (round.held - round.half) * chunk_bytes;
    const double segment = std::min(bytes, static_cast<double>(segment_bytes));
    const double reduce_s = (bytes + segment) / 2 * model.compute.gamma_s_per_byte;
    total_s += 2 * travel_s(bytes, static_cast<double>(segment_bytes), model.link) + reduce_s;
  }
  return total_s;
}

SegmentChoice choose(const AllreduceShape& shape, const CostModel& model) {
  return best_segment(shape.bytes() / 2, [&](std::int64_t segment_bytes) {
    return with_segment_s(shape, model, segment_bytes);
  });
}

double cost_s(const AllreduceShape& shape, const CostModel& model) {
  return choose(shape, model).s * model.rabenseifner.at(shape.bytes());
}

Tuning tuned(const AllreduceShape& shape, const CostModel& model) {
  return {.segment_bytes = choose(shape, model).bytes};
}

/// Bytes of `chunks` chunks from `first` on, which is taken modulo P: one stretch, or two around the end.
struct Stretch {
  Range before;
  Range behind;
};

Stretch stretch_of(const AllreduceShape& shape, int first, int chunks) {
  const auto between = [&](int from, int to) -> Range {
    if (from == to) return {};
    const Range last = chunk_of(shape.count, shape.ranks, to - 1);
    const std::int64_t begin = chunk_of(shape.count, shape.ranks, from).begin;
    return {begin, last.begin + last.count - begin};
  };
  const int from = first % shape.ranks;
  const int to = std::min(from + chunks, shape.ranks);
  return {between(from, to), between(0, from + chunks - to)};
}

Pieces pieces_of(AllreduceCall& call, int first, int chunks) {
  const Stretch stretch = stretch_of(call.shape, first, chunks);
  const auto part = [&](const Range& range) {
    return elements(call.data, range.begin, range.count, call.shape.type);
  };
  return {call.shape.segment_bytes, part(stretch.before), part(stretch.behind)};
}

Traffic sent(const AllreduceShape& shape, int rank) {
  const circulant::Rounds rounds = circulant::rounds_of(shape.ranks);
  Traffic total;
  const auto add = [&](int first, int chunks) {
    const Stretch stretch = stretch_of(shape, first, chunks);
    for (const Range& range : {stretch.before, stretch.behind}) {
      const std::int64_t bytes = range.count * element_bytes(shape.type);
      total.messages += segments_of(bytes, shape.segment_bytes);
      total.bytes += bytes;
    }
  };
  for (int i = 0; i < rounds.count; ++i) {
    const auto [held, half] = rounds.rounds[static_cast<std::size_t>(i)];
    add(rank + half, held - half);
    add(rank, held - half);
  }
  return total;
}

Task run(AllreduceCall& call) {
  const int ranks = call.comm.ranks();
  const int rank = call.comm.rank();
  const circulant::Rounds rounds = circulant::rounds_of(ranks);
  for (int i = 0; i < rounds.count; ++i) {
    const circulant::Round& round = rounds.rounds[static_cast<std::size_t>(i)];
    const int given = round.held - round.half;
    const Partners partners{(rank + round.half) % ranks, (rank - round.half + ranks) % ranks};
    co_await exchange(call, pieces_of(call, rank + round.half, given), pieces_of(call, rank, given), partners,
                      Arrival::reduce, call.telemetry);
  }
  for (int i = rounds.count - 1; i >= 0; --i) {
    const circulant::Round& round = rounds.rounds[static_cast<std::size_t>(i)];
    const int taken = round.held - round.half;
    const Partners partners{(rank - round.half + ranks) % ranks, (rank + round.half) % ranks};
    co_await exchange(call, pieces_of(call, rank, taken), pieces_of(call, rank + round.half, taken), partners,
                      Arrival::place);
  }
}

}  // namespace

constinit const AllreduceAlgorithm rabenseifner_allreduce{
    .name = "rabenseifner",
    .summary = "halving + doubling; few rounds and few bytes for any P",
    .exact = true,
    .deterministic = false,
    .supports = supports_all,
    .cost_s = cost_s,
    .tuned = tuned,
    .sent = sent,
    .run = run,
    .carries = true,
};

}  // namespace pliant

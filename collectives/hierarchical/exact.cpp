// two_level_*: sum onto the leader of each host, reduce between leaders, hand out inside (in_host.hpp).
//   4 ranks, hosts {0 1 3} {2}:
//     1 and 3 add to 0 | 0 and 2 reduce over the network | 0 hands the sum to 1 and 3
//
// Bytes sent by a leader: those of the algorithm between hosts, with as many ranks as there are hosts. Other
// ranks send none. If elements go between hosts in several blocks, one block is on the network while later
// ones are summed and earlier ones handed out. Exact. All ranks end with the same bits: those of their
// leaders, which the algorithm makes equal. The cost assumes that every link is as slow as the slowest, a
// network link, and that every host has the most ranks of any.
#include "collectives/dense/dense.hpp"

#include <algorithm>

#include "collectives/hierarchical/hierarchical.hpp"
#include "collectives/hierarchical/in_host.hpp"
#include "collectives/segments.hpp"

namespace pliant {
namespace {

constexpr std::int64_t kWholeBytes = Communicator::kPieceBytes;

std::int64_t block_elements(const AllreduceShape& shape) {
  return shape.block_bytes / element_bytes(shape.type);
}

AllreduceShape block_shape(const AllreduceShape& shape, std::int64_t begin) {
  AllreduceShape block = between_hosts(shape);
  block.count = std::min(block_elements(shape), shape.count - begin);
  return block;
}

/// Blocks go between hosts one after another. The memory work of all blocks but one is hidden behind them.
double with_blocks_s(const AllreduceShape& shape, const CostModel& model, const AllreduceAlgorithm& dense,
                     std::int64_t block_bytes) {
  AllreduceShape cut = shape;
  cut.block_bytes = block_bytes;
  const double in_host_s = sum_in_host_s(shape, model) + spread_in_host_s(shape, model);
  if (shape.hosts == 1) return in_host_s;
  const auto blocks = static_cast<double>(std::max<std::int64_t>(1, segments_of(shape.bytes(), block_bytes)));
  const double between_s = blocks * dense.cost_s(block_shape(cut, 0), model);
  return in_host_s / blocks + std::max(between_s, in_host_s * (blocks - 1) / blocks);
}

std::int64_t best_block(const AllreduceShape& shape, const CostModel& model,
                        const AllreduceAlgorithm& dense) {
  std::int64_t best = kWholeBytes;
  double best_s = with_blocks_s(shape, model, dense, best);
  for (std::int64_t bytes = 256 << 10; bytes < shape.bytes(); bytes *= 2) {
    const double s = with_blocks_s(shape, model, dense, bytes);
    if (s >= best_s) continue;
    best = bytes;
    best_s = s;
  }
  return best;
}

Tuning tuned(AllreduceShape shape, const CostModel& model, const AllreduceAlgorithm& dense) {
  shape.block_bytes = best_block(shape, model, dense);
  shape.segment_bytes = tuned_for(dense, block_shape(shape, 0), model).segment_bytes;
  return shape.tuning();
}

/// The first ranks stand for the leaders: the shape does not say which ranks lead.
Traffic sent(const AllreduceShape& shape, int rank, const AllreduceAlgorithm& dense) {
  Traffic total;
  if (rank >= shape.hosts) return total;
  for (std::int64_t begin = 0; begin < shape.count; begin += block_elements(shape))
    total = total + dense.sent(block_shape(shape, begin), rank);
  return total;
}

/// Leaders only: reduces block by block, each as soon as it is summed in the host.
Task reduce_between_hosts(AllreduceCall& call, const AllreduceAlgorithm& dense, const std::int64_t& summed,
                          std::int64_t& reduced) {
  while (reduced < call.shape.count) {
    const std::int64_t count = block_shape(call.shape, reduced).count;
    const auto is_summed = [&] { return summed >= reduced + count; };
    co_await until(is_summed);
    AllreduceCall block = call_between_hosts(call, reduced, count);
    co_await dense.run(block);
    reduced += count;
  }
}

Task reduce_in_two_levels(AllreduceCall& call, const AllreduceAlgorithm& dense) {
  const HostGroup& group = call.hosts->group();
  std::int64_t summed = 0;
  if (group.layout().hosts() == 1) {
    co_await sum_in_host(call, Takers::all, summed);
    co_return;
  }
  std::int64_t reduced = 0;
  if (group.leads()) {
    co_await together(
        call, sum_in_host(call, Takers::leader, summed),
        together(call, reduce_between_hosts(call, dense, summed, reduced), spread_in_host(call, reduced)));
  } else {
    co_await together(call, sum_in_host(call, Takers::leader, summed), spread_in_host(call, reduced));
  }
}

template <const AllreduceAlgorithm& dense>
constexpr AllreduceAlgorithm hierarchical(std::string_view name, std::string_view summary) {
  return {
      .name = name,
      .summary = summary,
      .exact = true,
      .deterministic = false,
      .supports = supports_all,
      .cost_s =
          [](const AllreduceShape& shape, const CostModel& model) {
            if (!shares_hosts(shape)) return dense.cost_s(shape, model);
            return with_blocks_s(shape, model, dense, best_block(shape, model, dense));
          },
      .tuned =
          [](const AllreduceShape& shape, const CostModel& model) {
            if (!shares_hosts(shape)) return tuned_for(dense, shape, model).tuning();
            return tuned(shape, model, dense);
          },
      .sent =
          [](const AllreduceShape& shape, int rank) {
            return shares_hosts(shape) ? sent(shape, rank, dense) : dense.sent(shape, rank);
          },
      .run =
          [](AllreduceCall& call) {
            return call.hosts != nullptr ? reduce_in_two_levels(call, dense) : dense.run(call);
          },
      .two_level = true,
      .stands_out = [](const Topology& topology) { return topology.hosts > 1 && shares_hosts(topology); },
  };
}

}  // namespace

constinit const AllreduceAlgorithm two_level_ring_allreduce =
    hierarchical<ring_allreduce>("two_level_ring", "shared memory inside hosts, ring between them");
constinit const AllreduceAlgorithm two_level_rabenseifner_allreduce = hierarchical<rabenseifner_allreduce>(
    "two_level_rabenseifner", "shared memory inside hosts, rabenseifner between them");
constinit const AllreduceAlgorithm two_level_recursive_doubling_allreduce =
    hierarchical<recursive_doubling_allreduce>(
        "two_level_recursive_doubling",
        "shared memory inside hosts, recursive doubling between them; best for small messages");

}  // namespace pliant

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
#include <cstring>

#include "collectives/segments.hpp"
#include "collectives/two_level/direct_sum.hpp"
#include "collectives/two_level/in_host.hpp"
#include "collectives/two_level/two_level.hpp"

namespace pliant {
namespace {

constexpr std::int64_t kWholeBytes = Communicator::kPieceBytes;

/// Elements of a block. With one rank on each host nothing happens inside hosts, so there is one block.
std::int64_t block_elements(const AllreduceShape& shape) {
  return shape.most_on_host == 1 ? shape.count : shape.block_bytes / element_bytes(shape.type);
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
  if (shape.most_on_host == 1) return best;
  double best_s = with_blocks_s(shape, model, dense, best);
  for (std::int64_t bytes = 256 << 10; bytes < shape.bytes(); bytes *= 2) {
    const double s = with_blocks_s(shape, model, dense, bytes);
    if (s >= best_s) continue;
    best = bytes;
    best_s = s;
  }
  return best;
}

template <const AllreduceAlgorithm& dense>
double cost_s(const AllreduceShape& shape, const CostModel& model) {
  return with_blocks_s(shape, model, dense, best_block(shape, model, dense));
}

template <const AllreduceAlgorithm& dense>
AllreduceShape tuned(AllreduceShape shape, const CostModel& model) {
  shape = tuned_in_host(shape, model);
  shape.block_bytes = best_block(shape, model, dense);
  shape.segment_bytes = tuned_for(dense, block_shape(shape, 0), model).segment_bytes;
  return shape;
}

/// The first ranks stand for the leaders: the shape does not say which ranks lead.
template <const AllreduceAlgorithm& dense>
Traffic sent(const AllreduceShape& shape, int rank) {
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
Task run(AllreduceCall& call) {
  return has_two_levels(call) ? reduce_in_two_levels(call, dense) : dense.run(call);
}

bool on_one_host(const AllreduceShape& shape) {
  return shape.hosts == 1;
}

double shared_memory_cost_s(const AllreduceShape& shape, const CostModel& model) {
  return sum_in_host_s(shape, model);
}

Traffic sends_nothing(const AllreduceShape&, int) {
  return {};
}

Task run_in_shared_memory(AllreduceCall& call) {
  if (call.comm.ranks() == 1) co_return;
  std::int64_t summed = 0;
  co_await sum_in_host(call, Takers::all, summed);
}

/// run_in_shared_memory() as a plain function. Each rank may take either.
void run_short_in_shared_memory(const ShortCall& call) {
  if (call.hosts == nullptr) {
    if (call.send != call.recv) std::memcpy(call.recv, call.send, call.bytes);
    return;
  }
  const DirectSum sum{call.hosts->gathering(), call.reduce, call.count, call.bytes};
  call.wait_for(sum.may_bring());
  sum.bring(call.send);
  call.wait_for(sum.all_brought());
  sum.channel.check();
  sum.add_up(call.send, call.recv);
}

}  // namespace

constinit const AllreduceAlgorithm shared_memory_allreduce{
    .name = "shared_memory",
    .summary = "all ranks on one host: sums in memory they share, without messages",
    .exact = true,
    .deterministic = true,
    .supports = on_one_host,
    .cost_s = shared_memory_cost_s,
    .paper_cost_s = nullptr,
    .tuned = tuned_in_host,
    .sent = sends_nothing,
    .run = run_in_shared_memory,
    .two_level = true,
    .short_bytes = kDirectBytes,
    .run_short = run_short_in_shared_memory,
};

constinit const AllreduceAlgorithm two_level_ring_allreduce{
    .name = "two_level_ring",
    .summary = "shared memory inside hosts, ring between them",
    .exact = true,
    .deterministic = false,
    .supports = supports_all,
    .cost_s = cost_s<ring_allreduce>,
    .paper_cost_s = nullptr,
    .tuned = tuned<ring_allreduce>,
    .sent = sent<ring_allreduce>,
    .run = run<ring_allreduce>,
    .two_level = true,
    .between_hosts = &ring_allreduce,
};

constinit const AllreduceAlgorithm two_level_rabenseifner_allreduce{
    .name = "two_level_rabenseifner",
    .summary = "shared memory inside hosts, rabenseifner between them",
    .exact = true,
    .deterministic = false,
    .supports = supports_all,
    .cost_s = cost_s<rabenseifner_allreduce>,
    .paper_cost_s = nullptr,
    .tuned = tuned<rabenseifner_allreduce>,
    .sent = sent<rabenseifner_allreduce>,
    .run = run<rabenseifner_allreduce>,
    .two_level = true,
    .between_hosts = &rabenseifner_allreduce,
};

constinit const AllreduceAlgorithm two_level_recursive_doubling_allreduce{
    .name = "two_level_recursive_doubling",
    .summary = "shared memory inside hosts, recursive doubling between them; best for small messages",
    .exact = true,
    .deterministic = false,
    .supports = supports_all,
    .cost_s = cost_s<recursive_doubling_allreduce>,
    .paper_cost_s = nullptr,
    .tuned = tuned<recursive_doubling_allreduce>,
    .sent = sent<recursive_doubling_allreduce>,
    .run = run<recursive_doubling_allreduce>,
    .two_level = true,
    .between_hosts = &recursive_doubling_allreduce,
};

}  // namespace pliant

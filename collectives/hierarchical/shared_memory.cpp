// shared_memory: all ranks share one host and sum in its memory (in_host.hpp), without messages. Exact, and always
// in the order of ranks.
#include <cstring>

#include "collectives/hierarchical/direct_sum.hpp"
#include "collectives/hierarchical/hierarchical.hpp"
#include "collectives/hierarchical/in_host.hpp"

namespace pliant {
namespace {

bool on_one_host(const AllreduceShape& shape) {
  return shape.hosts == 1;
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
    .cost_s = sum_in_host_s,
    .tuned = nullptr,
    .sent = sends_nothing,
    .run = run_in_shared_memory,
    .two_level = true,
    .short_bytes = kDirectBytes,
    .run_short = run_short_in_shared_memory,
};

}  // namespace pliant

// Algorithms in two levels: the ranks of a host combine their vectors in shared memory, and one of them, the
// leader, uses the network by the algorithm inside. They work for any layout of ranks on hosts. If every host has one
// rank, they equal the algorithm inside; on a single host, the exact ones equal shared_memory.
#pragma once

#include "collectives/allreduce.hpp"

namespace pliant {

extern const AllreduceAlgorithm shared_memory_allreduce;
extern const AllreduceAlgorithm two_level_ring_allreduce;
extern const AllreduceAlgorithm two_level_rabenseifner_allreduce;
extern const AllreduceAlgorithm two_level_recursive_doubling_allreduce;
extern const AllreduceAlgorithm two_level_allgather_topk_allreduce;
extern const AllreduceAlgorithm two_level_star_ring_allreduce;

/// True if some host has several ranks.
inline bool shares_hosts(const Topology& topology) {
  return topology.hosts < topology.ranks;
}

/// The shape of the leaders' reduction.
inline AllreduceShape between_hosts(AllreduceShape shape) {
  shape.ranks = shape.hosts;
  shape.most_on_host = 1;
  return shape;
}

/// A leader's call on the communicator of leaders: buffers and tags of `call`, elements [begin, begin +
/// count) of its data.
AllreduceCall call_between_hosts(AllreduceCall& call, std::int64_t begin, std::int64_t count);

}  // namespace pliant

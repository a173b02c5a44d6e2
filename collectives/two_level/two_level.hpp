// Algorithms in two levels: the ranks of a host meet in memory, one of them, its leader, on the network. For
// any layout of ranks on hosts. Where every host has one rank they are the algorithm between hosts.
#pragma once

#include "collectives/allreduce.hpp"

namespace pliant {

extern const AllreduceAlgorithm shared_memory_allreduce;
extern const AllreduceAlgorithm two_level_ring_allreduce;
extern const AllreduceAlgorithm two_level_rabenseifner_allreduce;
extern const AllreduceAlgorithm two_level_recursive_doubling_allreduce;
extern const AllreduceAlgorithm two_level_allgather_topk_allreduce;
extern const AllreduceAlgorithm two_level_star_ring_allreduce;

/// Is there a host with several ranks?
inline bool has_two_levels(const AllreduceCall& call) {
  return call.hosts != nullptr;
}

/// What leaders do among themselves.
inline AllreduceShape between_hosts(AllreduceShape shape) {
  shape.ranks = shape.hosts;
  shape.most_on_host = shape.domains = 1;
  return shape;
}

/// A rank's call on the communicator of leaders: `call`'s buffers and tags, elements [begin, begin + count)
/// of its data.
AllreduceCall call_between_hosts(AllreduceCall& call, std::int64_t begin, std::int64_t count);

}  // namespace pliant

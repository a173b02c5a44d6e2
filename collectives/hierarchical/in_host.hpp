// Reductions among the ranks of one host through the memory they share: sum onto one rank or all, and hand
// out one rank's data. No messages. Every function is collective over the host, and none needs memory that
// grows.
//
// For short vectors every rank brings its elements, and each rank that wants the sum adds all of them up:
// they wait for one another only once. Longer vectors go slice by slice (slices.hpp). Either way an element
// is summed in the order of the host's ranks (HostLayout), by one rank after the other or by all in the same
// manner. So all ranks get the same bits.
#pragma once

#include <cstdint>

#include "collectives/allreduce.hpp"

namespace pliant {

enum class Takers { leader, all };

/// Combines call.data of the host's ranks by call.op into that of `takers`; the others' data stay as they
/// are.
/// @param available  elements that are complete so far, on takers
Task sum_in_host(AllreduceCall& call, Takers takers, std::int64_t& available);

/// Copies call.data of the leader to the other ranks of its host, as it becomes available.
/// @param available  leader: elements that are available; other ranks do not look at it
Task spread_in_host(AllreduceCall& call, const std::int64_t& available);

/// [s] of both, with the most ranks that a host has. With one host, its memory is the link that was measured.
/// Otherwise the measured link is a network, and a fixed time is assumed for a signal between processors.
double sum_in_host_s(const AllreduceShape& shape, const CostModel& model);
double spread_in_host_s(const AllreduceShape& shape, const CostModel& model);

}  // namespace pliant

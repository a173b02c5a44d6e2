// What the ranks of one host do through the memory they share: sum onto one of them or all, and hand out what
// one has. No messages. Every function is collective over the host, and none needs memory that grows.
//
// Few bytes are brought, and added up by everyone who wants the sum: they meet but once. More go slice by
// slice (slices.hpp). Either way one element is summed in the order in which the ranks of the host stand
// (HostLayout), by one rank after the other or by all in the same manner: the same bits for all, however it
// is done.
#pragma once

#include <cstdint>
#include <span>

#include "collectives/allreduce.hpp"

namespace pliant {

enum class Takers { leader, all };

/// call.data of the host's ranks is joined by call.op and replaces that of `takers`; the others' stays.
/// @param available  elements that are complete so far, on takers
Task sum_in_host(AllreduceCall& call, Takers takers, std::int64_t& available);

/// call.data of the leader to the other ranks of its host, as far as it is there already.
/// @param available  leader: elements that are; others do not look at it
Task spread_in_host(AllreduceCall& call, const std::int64_t& available);

/// [s] of both, with the most ranks that a host has. Where there is one host, its memory is the link that was
/// measured; otherwise the link is a network, and a signal is taken to need what processors need.
double sum_in_host_s(const AllreduceShape& shape, const CostModel& model);
double spread_in_host_s(const AllreduceShape& shape, const CostModel& model);

/// The shape with the way of summing for which sum_in_host_s() holds.
AllreduceShape tuned_in_host(AllreduceShape shape, const CostModel& model);

}  // namespace pliant

// What the ranks of one host do through the memory they share: sum onto one of them or all, and hand out what
// one has. No messages. Every function is collective over the host, and none needs memory that grows.
//
// Sums, segment by segment (one is a slot's worth); L = 3 ranks, slices a b c of a segment:
//     step i      each rank brings its elements of segment i            a0 b0 c0 | a1 b1 c1 | a2 b2 c2
//     step i + 1  each rank adds up one slice, in the order of ranks    A        | B        | C
//     step i + 2  who wants the sum takes all slices                    A B C
// so a step moves three segments on at once and the ranks meet once a step. Few bytes are brought, and added
// up by everyone who wants the sum: they meet but once. Either way one element is summed in the order of the
// ranks, by one rank alone or by all in the same manner: the same bits for all.
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

}  // namespace pliant

// The sum of longer vectors inside a host, segment by segment. Different ranks add up the slices of a
// segment.
//
// Ranks add up in groups that follow one another. One group, L = 3 ranks, slices a b c of a segment:
//     step i      each rank brings its elements of segment i            a0 b0 c0 | a1 b1 c1 | a2 b2 c2
//     step i + 1  each rank adds up one slice, in the order of ranks    A        | B        | C
//     step i + 2  who wants the sum takes all slices                    A B C
//
// So each step moves three segments on at once, and the ranks wait for one another once a step.
//
// Several groups, one for each cache: each group runs one step behind the group before it, and begins each
// slice with that group's sum. Ranks 0 1 | 2 3 4, halves of the first group, thirds of the second:
//     step i      0 and 1 bring segment i
//     step i + 1  0 and 1 add up half each                              2 3 4 bring segment i
//     step i + 2                                                        2 3 4 add up a third each, upon halves
//     step i + 3  0 and 1 copy half of the sum each, from thirds        2 3 4 take the sum, of thirds
//     step i + 4  0 and 1 take the sum, of halves
//
// Every element goes from one group to the next once, and from the last to each other group once. With a
// single group each rank would fetch it. The order of additions is that of ranks either way, and so are the
// bits.
#pragma once

#include <cstdint>
#include <span>

#include "collectives/allreduce.hpp"
#include "collectives/two_level/in_host.hpp"

namespace pliant {

/// [byte] of a segment. A slot holds a group's sum and, where there are several, a copy of the last one's.
inline std::int64_t slice_segment_bytes(std::int64_t slot_bytes, int groups) {
  return groups == 1 ? slot_bytes : slot_bytes / 2;
}

/// Steps of the sum; the ranks wait for one another once in each.
inline std::int64_t slice_steps(std::int64_t segments, int groups, Takers takers) {
  return segments + groups + (groups > 1 && takers == Takers::all ? 2 : 1);
}

/// sum_in_host() for hosts with several ranks. Throws nothing.
/// @param groups  [groups + 1] first local rank of each group, then the number of local ranks; must outlive
/// the task
Task sum_in_slices(AllreduceCall& call, std::span<const int> groups, Takers takers, std::int64_t& available);

}  // namespace pliant

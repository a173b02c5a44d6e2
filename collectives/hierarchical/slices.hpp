// The sum of longer vectors inside a host, segment by segment. Different ranks add up the slices of a
// segment. L = 3 ranks, slices a b c of a segment:
//     step i      each rank brings its elements of segment i            a0 b0 c0 | a1 b1 c1 | a2 b2 c2
//     step i + 1  each rank adds up one slice, in the order of ranks    A        | B        | C
//     step i + 2  who wants the sum takes all slices                    A B C
//
// So each step moves three segments on at once, and the ranks wait for one another once a step.
#pragma once

#include <cstdint>

#include "collectives/allreduce.hpp"
#include "collectives/hierarchical/in_host.hpp"

namespace pliant {

/// Steps of the sum; the ranks wait for one another once in each.
inline std::int64_t slice_steps(std::int64_t segments) {
  return segments + 2;
}

/// sum_in_host() for hosts with several ranks. Throws nothing.
Task sum_in_slices(AllreduceCall& call, Takers takers, std::int64_t& available);

}  // namespace pliant

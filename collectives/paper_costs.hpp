// Cost formulas of Tyagi and Swany, "Flexible Communication for Optimal Distributed Learning over
// Unpredictable Networks" (IEEE BigData 2023), Table I and Eq. 4. P ranks, m bytes, log2 P rounded up where P
// is no power of two.
#pragma once

#include <bit>

#include "core/link_model.hpp"

namespace pliant::paper {

/// Rounds of a binomial tree or of recursive doubling over `ranks`: ceil(log2 P).
constexpr int rounds(int ranks) {
  return std::bit_width(static_cast<unsigned>(ranks - 1));
}

/// Table I, ring allreduce: 2(P-1) alpha + 2 (P-1)/P m beta.
double ring_s(int ranks, double bytes, const LinkModel& link);
/// Table I, tree allreduce (binomial reduce, then binomial broadcast): 2 log P (alpha + m beta).
double tree_s(int ranks, double bytes, const LinkModel& link);
/// Table I, broadcast: log P (alpha + m beta).
double broadcast_s(int ranks, double bytes, const LinkModel& link);
/// Table I, allgather of `bytes` from each rank: log P alpha + (P-1) m beta.
double allgather_s(int ranks, double bytes, const LinkModel& link);

}  // namespace pliant::paper

// Cost formulas of Tyagi and Swany, "Flexible Communication for Optimal Distributed Learning over
// Unpredictable Networks" (IEEE BigData 2023), Table I and Eq. 4. P ranks, m bytes, log2 P rounded up where P
// is no power of two. They count 4-byte indices, no computing and no compression. Pliant decides by the
// algorithms' own formulas; these are for comparison with the papers' tables.
#pragma once

#include <limits>

#include "core/link_model.hpp"
#include "planner/selector.hpp"

namespace pliant::papers {

/// Table I, ring allreduce: 2(P-1) alpha + 2 (P-1)/P m beta.
double ring_s(int ranks, double bytes, const LinkModel& link);
/// Table I, tree allreduce (binomial reduce, then binomial broadcast): 2 log P (alpha + m beta).
double tree_s(int ranks, double bytes, const LinkModel& link);
/// Table I, broadcast: log P (alpha + m beta).
double broadcast_s(int ranks, double bytes, const LinkModel& link);

/// [s] for which no formula stands in the papers.
inline constexpr double kUnknown_s = std::numeric_limits<double>::infinity();

/// [s] of an algorithm by the papers, or kUnknown_s.
double cost_s(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape, const LinkModel& link);

/// The algorithms that the papers know, cheapest first by their formulas; ties in registry order.
CandidateList rank(const AllreduceShape& shape, const AlgorithmFilter& filter, const LinkModel& link);

}  // namespace pliant::papers

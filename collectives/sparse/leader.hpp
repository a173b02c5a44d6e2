// AR-Topk: a leader broadcasts its indices, every rank gathers its own values there, and those are reduced
// densely.
//   P = 3, leader 1, k = 2:  indices (4, 9) from rank 1;  values a4 a9 | b4 b9 | c4 c9  ->  allreduce  ->  A4
//   A9 on all
// Rounds ceil(log2 P) for the indices plus those of the dense allreduce of k values. Bytes sent by all ranks
// together: P-1 messages of encoded indices (raw: 40 + 4k) + 8k(P-1) values, which are float32 whatever the
// value codec, since they are added on the way. Lossy. All ranks end with the same bits, since the dense
// algorithms do. Residual: everything that is not at the leader's indices. Source: Algorithm 1 and Eq. 4 of
// the flexible-communication paper. Unlike its text, but like its code, only the leader of star_* selects;
// unlike its code, indices are uint32, k needs no message, and residuals start at zero.
#pragma once

#include "collectives/allreduce.hpp"

namespace pliant::leader {

/// Indices of `root`, which has selected, to all; then gather, `dense`, and scatter. Collective.
void reduce_at_leader(AllreduceCall& call, int root, const AllreduceAlgorithm& dense);

/// The shape of the dense allreduce of the k values.
AllreduceShape values_shape(const AllreduceShape& shape);

/// [s] of reduce_at_leader() by Eq. 4, given the cost of the dense allreduce of k values.
double paper_cost_s(const AllreduceShape& shape, const LinkModel& link, double dense_s);
/// [s] of selection, reduce_at_leader() with `dense`, and all compute.
double cost_s(const AllreduceShape& shape, const CostModel& model, const AllreduceAlgorithm& dense);

/// [byte] all ranks together send in reduce_at_leader().
std::int64_t total_wire_bytes(const AllreduceShape& shape);

}  // namespace pliant::leader

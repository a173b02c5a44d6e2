// AR-Topk: a leader sends its indices to all, every rank gathers its own values there, and those are reduced
// densely. It is one pipeline: while later indices travel, earlier ones are decoded and their values reduced.
//   P = 3, leader 1, k = 2:
//     indices (4, 9) from rank 1;  values a4 a9 | b4 b9 | c4 c9  ->  allreduce  ->  A4 A9 on all
//
// Steps: those of the index stream (index_stream.cpp) and of the dense allreduce of k values. Bytes sent by
// all ranks together: P-1 times the groups of encoded indices (raw: 40 a group + 4k) + 8k(P-1) values. Values
// are float32 whatever the value codec, since they are added on the way. Lossy. All ranks end with the same
// bits, since the dense algorithms do. Residual: everything that is not at the leader's indices.
//
// Source: Algorithm 1 and Eq. 4 of the flexible-communication paper. Unlike its text, but like its code, only
// the leader of star_* selects. Unlike its code, indices are uint32, k needs no message, and residuals start
// at zero.
#pragma once

#include "collectives/allreduce.hpp"

namespace pliant::leader {

/// Sends the indices of `root`, which has selected, to all; then gathers values, runs `dense`, and scatters.
/// Collective.
Task reduce_at_leader(AllreduceCall& call, int root, const AllreduceAlgorithm& dense);

/// The shape of the dense allreduce of the k values.
AllreduceShape values_shape(const AllreduceShape& shape);

/// [s] of selection, reduce_at_leader() with `dense`, and all compute.
double cost_s(const AllreduceShape& shape, const CostModel& model, const AllreduceAlgorithm& dense);
Tuning tuned(const AllreduceShape& shape, const CostModel& model, const AllreduceAlgorithm& dense);

/// Traffic that `rank` sends in reduce_at_leader().
Traffic sent(const AllreduceShape& shape, int rank, int root, const AllreduceAlgorithm& dense);

}  // namespace pliant::leader

// The lossy algorithms: sums of float gradients of which each call sends k elements.
#pragma once

#include "collectives/allreduce.hpp"

namespace pliant {

extern const AllreduceAlgorithm allgather_topk_allreduce;
extern const AllreduceAlgorithm star_ring_allreduce;
extern const AllreduceAlgorithm star_tree_allreduce;
extern const AllreduceAlgorithm star_rabenseifner_allreduce;
extern const AllreduceAlgorithm var_ring_allreduce;
extern const AllreduceAlgorithm var_tree_allreduce;
extern const AllreduceAlgorithm var_rabenseifner_allreduce;
extern const AllreduceAlgorithm quota_ring_allreduce;
extern const AllreduceAlgorithm quota_rabenseifner_allreduce;
extern const AllreduceAlgorithm quota_double_tree_allreduce;
extern const AllreduceAlgorithm sparse_rabenseifner_allreduce;
extern const AllreduceAlgorithm oktopk_allreduce;

/// Float elements, indices that fit uint32, and something to select.
bool supports_sparse(const AllreduceShape& shape);

/// Adds the time of its life to `total_s`.
class CompressTimer {
 public:
  explicit CompressTimer(double& total_s);
  ~CompressTimer();
  CompressTimer(const CompressTimer&) = delete;
  CompressTimer& operator=(const CompressTimer&) = delete;

 private:
  double& total_s_;
  double begin_s_;
};

enum class Picks { take, leave };

/// This rank's exact top-k into call.own, unless it is there; residual = the error-fed gradient, without it
/// where it is taken. Fills outcome.selection, of which sent_squared counts only what is taken. curve: not
/// null: filled, unless the selection is there already; that takes about two selections more.
void select_own(AllreduceCall& call, Picks picks, GainCurve* curve = nullptr);

/// Takes the elements at `indices` out of the residual into values[kept], for the first time or behind those
/// that were taken before. Of what is told, sent_squared is that of the finite elements, and total_squared 0.
Selection take_sent(AllreduceCall& call, const std::uint32_t* indices, std::int64_t kept, float* values);

/// Puts back into the residual what the call has taken, unless it was told that all ranks have it.
class PutBack {
 public:
  explicit PutBack(AllreduceCall& call) : call_(call) {}
  ~PutBack();
  PutBack(const PutBack&) = delete;
  PutBack& operator=(const PutBack&) = delete;

  void nothing() { call_.taken = {}; }

 private:
  AllreduceCall& call_;
};

/// Squared norm of the elements that are finite.
double finite_squared(const float* values, std::int64_t count);

/// residual = the error-fed gradient, for a rank that sends nothing of its own selection this time. Where it
/// has none, its turn will come, and must not be when the memory of a selection is first touched; one that it
/// has stays where it is.
void feed(AllreduceCall& call);

/// data = 0; the result of a lossy call starts as nothing.
void clear_result(AllreduceCall& call);

}  // namespace pliant

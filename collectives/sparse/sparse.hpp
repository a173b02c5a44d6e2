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

/// True for float elements, indices that fit uint32, and at least one element.
bool supports_sparse(const AllreduceShape& shape);

/// Adds its lifetime [s] to `total_s`.
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

/// Selects this rank's exact top-k into call.own, unless it is there. The residual becomes the error-fed
/// gradient, without the selection if that is taken. Fills outcome.selection, whose sent_squared counts only
/// what is taken. `curve`: filled if not null, unless the selection was there; that takes about as long as
/// two more selections.
void select_own(AllreduceCall& call, Picks picks, GainCurve* curve = nullptr);

/// Moves the elements at `indices` out of the residual into values[kept]. In a further call, `indices` must
/// follow the earlier ones in memory. Of the result, sent_squared counts the finite elements and
/// total_squared is 0.
Selection take_sent(AllreduceCall& call, const std::uint32_t* indices, std::int64_t kept, float* values);

/// Puts what the call has taken back into the residual, unless nothing() was called because all ranks have
/// it.
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

/// Adds the gradient to the residual, for a rank that sends nothing of its own selection in this call. A rank
/// without a selection also reserves memory for one now, so that its turn as leader is not the first to touch
/// it. A selection that exists stays where it is.
void feed(AllreduceCall& call);

/// data = 0: the result of a lossy call starts empty.
void clear_result(AllreduceCall& call);

}  // namespace pliant

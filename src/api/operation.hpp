// One allreduce, top to bottom: agree, decide, run, report.
#pragma once

#include <mpi.h>

#include "api/context.hpp"

namespace pliant {

struct Operation {
  const Plan& plan;
  TensorState* tensor;  ///< null for a blocking call that found no room for one
  const void* send;     ///< [count]; equal to recv when in place
  void* recv;           ///< [count]
  std::int64_t count;   ///< elements, > 0
  ElementType type;
  ReduceOp op;
  bool blocking;  ///< whether `tensor` exists, and its step, may differ between ranks
};

/// Collective. Leaves the result in `recv` and returns what was done; the trace has its row.
Pliant_Report run_operation(Context& context, const Operation& operation);

/// Add what all ranks have not sent of `tensor` to result[count], exactly; nothing is outstanding then.
/// Collective.
void flush_tensor(Context& context, const Plan& plan, TensorState& tensor, float* result);

/// A zeroed report of this size.
Pliant_Report empty_report();

}  // namespace pliant

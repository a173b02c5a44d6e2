// State files: every rank's residuals and the cost model, in one HDF5 file that rank 0 reads and writes.
//
//   /                   schema = "pliant-state", schema_version, ranks, measured, and the cost model
//   /ranks/<r>          tensors: how many rank r has
//   /ranks/<r>/<i>      name, count, step, error_feedback as attributes;
//                       residual[count], and for ef21 estimate[count] and total[count]
#pragma once

#include "api/context.hpp"

namespace pliant {

/// Collective. A failure is raised on every rank and leaves an older file of that name as it was.
void save_state(Context& context, const char* path);

/// Collective, on as many ranks as wrote it. All or nothing: a failure is raised on every rank and changes
/// nothing.
void load_state(Context& context, const char* path);

}  // namespace pliant

// State files: every rank's residuals and what it has learned of its tensors, the cost model, and the learner
// of rank 0, in one HDF5 file that rank 0 reads and writes (state_file.hpp says what is in it).
#pragma once

#include "api/context.hpp"

namespace pliant {

/// Collective. A failure is raised on every rank and leaves an older file of that name as it was.
void save_state(Context& context, const char* path);

/// Collective, on as many ranks as wrote it. All or nothing: a failure is raised on every rank and changes
/// nothing.
void load_state(Context& context, const char* path);

}  // namespace pliant

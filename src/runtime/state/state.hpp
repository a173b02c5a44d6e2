// State files: one HDF5 file holds every rank's residuals and policy state, the cost model, and the learner
// of rank 0. Rank 0 reads and writes it. state_file.hpp describes its contents.
#pragma once

#include "runtime/context.hpp"

namespace pliant {

/// Writes the file. Collective. A failure is raised on every rank, and an older file of that name stays.
void save_state(Context& context, const char* path);

/// Reads the file, on as many ranks as wrote it. Collective. After a failure, raised on every rank, nothing
/// has changed.
void load_state(Context& context, const char* path);

}  // namespace pliant

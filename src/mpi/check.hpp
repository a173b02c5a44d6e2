// MPI return codes become Error.
#pragma once

#include <mpi.h>

#include <string_view>

namespace pliant {

/// Throws Error(mpi) with MPI's own text unless `code` is MPI_SUCCESS. `call` names the MPI function.
void check(int code, std::string_view call);

}  // namespace pliant

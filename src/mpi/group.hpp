// Compares the processes of communicators.
#pragma once

#include "mpi/communicator.hpp"

namespace pliant {

/// Returns whether every process of `part` is also in `whole`. Local. Throws Error(mpi).
bool is_part_of(const Communicator& part, const Communicator& whole);

}  // namespace pliant

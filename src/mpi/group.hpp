// Which processes a communicator is made of.
#pragma once

#include "mpi/communicator.hpp"

namespace pliant {

/// Is every process of `part` in `whole`, too? Local. Throws Error(mpi).
bool is_part_of(const Communicator& part, const Communicator& whole);

}  // namespace pliant

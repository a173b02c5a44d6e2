// Counts what this process really passes to MPI, seen from outside Pliant.
#pragma once

#include "mpi/communicator.hpp"

namespace pliant::test {

/// Messages and bytes that this process has passed to MPI_Isend so far.
Traffic messages_seen();

}  // namespace pliant::test

// A transport that counts: what this process really gives to MPI to be sent, seen from outside Pliant.
#pragma once

#include "mpi/communicator.hpp"

namespace pliant::test {

/// Messages and bytes that went through MPI_Isend of this process so far.
Traffic messages_seen();

}  // namespace pliant::test

// The hosts that the ranks run on.
#pragma once

#include <mpi.h>

#include <string>
#include <vector>

namespace pliant::apps {

/// The host name of every rank, from MPI_Get_processor_name: [rank] on rank 0, empty on the others.
/// Collective.
std::vector<std::string> host_names(MPI_Comm comm);

/// This rank's number among the ranks of its host. Collective.
int rank_on_host(MPI_Comm comm);

}  // namespace pliant::apps

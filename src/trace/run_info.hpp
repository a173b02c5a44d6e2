// The facts of a run that the recorder needs. All but the last two are attributes of the trace's root, with
// these names.
#pragma once

#include <string>

namespace pliant {

struct RunInfo {
  std::string software_version;
  std::string start_date;  ///< iso8601_utc
  std::string mpi_library;
  std::string host;
  int ranks = 0;
  double clock_monotonic_at_zero = 0;  ///< CLOCK_MONOTONIC [s] when the calls' times are 0
  int rank = 0;                        ///< the recording rank, in its MPI_COMM_WORLD
  bool spawned = false;                ///< by MPI_Comm_spawn; the name without a number is its parent's
};

}  // namespace pliant

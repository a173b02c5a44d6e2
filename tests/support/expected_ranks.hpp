// --ranks=N: the number of ranks that a test expects. Under another MPI's launcher each rank would run alone,
// and pass.
#pragma once

#include <mpi.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace pliant::test {

/// The N of --ranks=N; 0 if there is none.
inline int expected_ranks(int argc, char** argv) {
  constexpr std::string_view kName = "--ranks=";
  for (int i = 1; i < argc; ++i)
    if (std::string_view(argv[i]).starts_with(kName)) return std::atoi(argv[i] + kName.size());
  return 0;
}

/// Call after MPI_Init. Returns false if the number of ranks differs; rank 0 then prints why.
inline bool has_expected_ranks(int argc, char** argv) {
  const int expected = expected_ranks(argc, argv);
  int ranks = 0;
  int rank = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (expected == 0 || ranks == expected) return true;
  if (rank == 0)
    std::fprintf(
        stderr,
        "MPI_COMM_WORLD has %d ranks (the test is for --ranks=%d). Start it with the launcher of the "
        "MPI that it is built with\n",
        ranks, expected);
  return false;
}

}  // namespace pliant::test

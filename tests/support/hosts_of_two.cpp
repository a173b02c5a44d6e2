// A cluster of hosts with two ranks each: linked into a test, it stands before MPI_Comm_split_type.
#include <mpi.h>

extern "C" int MPI_Comm_split_type(MPI_Comm comm, int type, int key, MPI_Info, MPI_Comm* made) {
  int rank = 0;
  MPI_Comm_rank(comm, &rank);
  return type == MPI_COMM_TYPE_SHARED ? PMPI_Comm_split(comm, rank / 2, key, made) : MPI_ERR_ARG;
}

#include "mpi/mpi_allreduce.hpp"

#include "mpi/pieces.hpp"

namespace pliant {

int find_extent(Pieces& pieces, MPI_Datatype datatype) {
  if (pieces.number() == 1) return MPI_SUCCESS;
  MPI_Count lower_bound = 0;
  return MPI_Type_get_extent_x(datatype, &lower_bound, &pieces.extent);
}

int allreduce_by_mpi(const void* send, void* recv, MPI_Count count, MPI_Datatype datatype, MPI_Op op,
                     MPI_Comm comm) {
  Pieces pieces{send, recv, count};
  int code = find_extent(pieces, datatype);
  for (MPI_Count piece = 0; piece < pieces.number() && code == MPI_SUCCESS; ++piece)
    code = MPI_Allreduce(pieces.send_of(piece), pieces.recv_of(piece), pieces.count_of(piece), datatype, op,
                         comm);
  return code;
}

}  // namespace pliant

// MPI's own allreduce, of any count: what Pliant has no better way for.
//
// Long vectors are reduced in pieces whose counts fit an int (mpi/pieces.hpp), on MPI 4.0 too: MPICH 4.0
// aborts in MPI_Allreduce_c where an operation of MPI_Op_create meets more elements.
//
//   mpi_allreduce_persistent.cpp  MpiAllreduce where MPI has MPI 4.0's persistent collectives
//   mpi_allreduce_started.cpp     MpiAllreduce by the calls of MPI 3.1
#pragma once

#include <mpi.h>

#include <memory>

namespace pliant {

/// MPI_Allreduce. Returns MPI's code; MPI runs the error handler of `comm`.
int allreduce_by_mpi(const void* send, void* recv, MPI_Count count, MPI_Datatype datatype, MPI_Op op,
                     MPI_Comm comm);

/// An allreduce by MPI that is started many times, with the same arguments.
class MpiAllreduce {
 public:
  /// Collective over `comm`, which returns error codes. Throws Error(mpi).
  MpiAllreduce(const void* send, void* recv, MPI_Count count, MPI_Datatype datatype, MPI_Op op,
               MPI_Comm comm);
  MpiAllreduce(const MpiAllreduce&) = delete;
  MpiAllreduce& operator=(const MpiAllreduce&) = delete;
  /// Nothing is under way. Local, and leaves MPI alone once it is finalized.
  ~MpiAllreduce();

  /// Pieces, to be started and waited for one after the other.
  MPI_Count pieces() const;
  /// What to wait for. Throws Error(mpi).
  MPI_Request& start(MPI_Count piece);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pliant

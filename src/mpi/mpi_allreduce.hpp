// MPI's own allreduce, for any count, used where Pliant has no better algorithm.
//
// Long vectors are reduced in pieces whose counts fit an int (mpi/pieces.hpp). This also holds for MPI 4.0,
// since MPICH 4.0 aborts in MPI_Allreduce_c if an operation of MPI_Op_create gets more elements.
//
//   mpi_allreduce_persistent.cpp  MpiAllreduce where MPI has MPI 4.0's persistent collectives
//   mpi_allreduce_started.cpp     MpiAllreduce by the calls of MPI 3.1
#pragma once

#include <mpi.h>

#include <memory>

namespace pliant {

/// Calls MPI_Allreduce. Returns MPI's code; MPI runs the error handler of `comm`.
int allreduce_by_mpi(const void* send, void* recv, MPI_Count count, MPI_Datatype datatype, MPI_Op op,
                     MPI_Comm comm);

/// An allreduce by MPI that is started many times with the same arguments.
class MpiAllreduce {
 public:
  /// Collective over `comm`, which returns error codes. Throws Error(mpi).
  MpiAllreduce(const void* send, void* recv, MPI_Count count, MPI_Datatype datatype, MPI_Op op,
               MPI_Comm comm);
  MpiAllreduce(const MpiAllreduce&) = delete;
  MpiAllreduce& operator=(const MpiAllreduce&) = delete;
  /// No piece may be pending. Local. Makes no MPI call after MPI_Finalize.
  ~MpiAllreduce();

  /// Number of pieces, which are started and completed one after the other.
  MPI_Count pieces() const;
  /// Starts a piece; returns the request to wait for. Throws Error(mpi).
  MPI_Request& start(MPI_Count piece);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pliant

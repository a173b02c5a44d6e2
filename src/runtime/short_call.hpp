// The short path for repeated short exact calls. The first call of a kind leaves its decision at the call site.
// Later calls run a plain function, without a coroutine, a decision or a report of their own.
//
//   first call of a kind   c_api: allreduce(), which calls remember_short_path()
//   later calls            short_call(): look up, reduce, note the times
//
// The long path takes every call with PLIANT_CHECK, a trace, or an algorithm that sends messages. It also
// takes the call on a rank with a pending request here, because it advances the request. Each rank chooses
// its path alone: an algorithm's run_short() works with its run() on other ranks. The algorithm is the same
// on all ranks, because a call site holds only decisions from agreed inputs, and drops them when these change.
#pragma once

#include <mpi.h>

namespace pliant {

struct OperationRun;

/// Sets the short path of a blocking call that has ended, if the next call of its kind can take it.
void remember_short_path(const OperationRun& run);

/// Carries out MPI_Allreduce(sendbuf, ...) if its kind has a short path. Otherwise returns false, with nothing
/// done. Throws Error for bad buffers.
bool short_call(const void* sendbuf, void* recvbuf, MPI_Count count, MPI_Datatype datatype, MPI_Op op,
                MPI_Comm comm);

}  // namespace pliant

// For MPI 3.1, which has no persistent collectives: each start passes the arguments to MPI again.
#include "mpi/check.hpp"
#include "mpi/mpi_allreduce.hpp"
#include "mpi/pieces.hpp"

namespace pliant {

struct MpiAllreduce::State {
  Pieces pieces;
  MPI_Datatype datatype;
  MPI_Op op;
  MPI_Comm comm;
  MPI_Request request = MPI_REQUEST_NULL;
};

MpiAllreduce::MpiAllreduce(const void* send, void* recv, MPI_Count count, MPI_Datatype datatype, MPI_Op op,
                           MPI_Comm comm)
    : state_(new State{{send, recv, count}, datatype, op, comm}) {
  check_users("MPI_Type_get_extent_x", [&] { return find_extent(state_->pieces, datatype); });
}

MpiAllreduce::~MpiAllreduce() = default;

MPI_Count MpiAllreduce::pieces() const {
  return state_->pieces.number();
}

MPI_Request& MpiAllreduce::start(MPI_Count piece) {
  State& own = *state_;
  check(MPI_Iallreduce(own.pieces.send_of(piece), own.pieces.recv_of(piece), own.pieces.count_of(piece),
                       own.datatype, own.op, own.comm, &own.request),
        "MPI_Iallreduce");
  return own.request;
}

}  // namespace pliant

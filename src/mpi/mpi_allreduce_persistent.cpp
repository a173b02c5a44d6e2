// Uses the persistent collectives of MPI 4.0, which keep the datatype and the operation.
#include <vector>

#include "mpi/check.hpp"
#include "mpi/mpi_allreduce.hpp"
#include "mpi/pieces.hpp"

namespace pliant {

struct MpiAllreduce::State {
  std::vector<MPI_Request> requests;  // one per piece

  ~State() {
    int finalized = 0;
    MPI_Finalized(&finalized);
    if (finalized != 0) return;
    for (MPI_Request& request : requests) MPI_Request_free(&request);
  }
};

MpiAllreduce::MpiAllreduce(const void* send, void* recv, MPI_Count count, MPI_Datatype datatype, MPI_Op op,
                           MPI_Comm comm)
    : state_(new State) {
  Pieces pieces{send, recv, count};
  check_users("MPI_Type_get_extent_x", [&] { return find_extent(pieces, datatype); });
  state_->requests.reserve(static_cast<std::size_t>(pieces.number()));
  for (MPI_Count piece = 0; piece < pieces.number(); ++piece) {
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Allreduce_init(pieces.send_of(piece), pieces.recv_of(piece), pieces.count_of(piece), datatype,
                             op, comm, MPI_INFO_NULL, &request),
          "MPI_Allreduce_init");
    state_->requests.push_back(request);
  }
}

MpiAllreduce::~MpiAllreduce() = default;

MPI_Count MpiAllreduce::pieces() const {
  return static_cast<MPI_Count>(state_->requests.size());
}

MPI_Request& MpiAllreduce::start(MPI_Count piece) {
  MPI_Request& request = state_->requests[static_cast<std::size_t>(piece)];
  check(MPI_Start(&request), "MPI_Start");
  return request;
}

}  // namespace pliant

// A persistent request: buffers, settings, and the residual of what it has not sent.
#pragma once

#include <mpi.h>
#include <pliant/pliant.h>

#include <memory>
#include <optional>
#include <vector>

#include "api/operation.hpp"
#include "api/placement.hpp"
#include "kernels/cuda/device.hpp"
#include "mpi/datatype.hpp"
#include "mpi/mpi_allreduce.hpp"

struct Pliant_Request_s {
  /// One tensor of a request.
  struct Part {
    const void* send = nullptr;  ///< equal to recv when in place
    void* recv = nullptr;
    std::int64_t count = 0;
  };

  MPI_Comm user_comm = MPI_COMM_NULL;
  std::shared_ptr<pliant::Context> context;
  pliant::Plan plan;
  std::shared_ptr<pliant::TensorState> tensor;
  std::vector<Part> parts;
  std::int64_t count = 0;  ///< of all parts together
  pliant::KeptDatatype kept_datatype;
  MPI_Datatype datatype = MPI_DATATYPE_NULL;  ///< kept_datatype's
  MPI_Op op = MPI_OP_NULL;
  std::vector<std::byte> packed;  ///< all parts one after the other; empty where there is one, or on a device
  int device = pliant::kHostMemory;                           ///< in whose memory the parts are
  std::unique_ptr<pliant::cuda::DeviceRoom> packed_there;     ///< `packed`, on the device
  pliant::SharedResources::Share share;                       ///< tags, and a communicator for MPI's own
  std::vector<std::unique_ptr<pliant::MpiAllreduce>> by_mpi;  ///< each part's, where MPI itself is to reduce
  pliant::HostGroup::RequestLanes hosts;                      ///< null: hosts play no part
  bool nominal = false;                                       ///< as Operation's
  bool started = false;                                       ///< and nobody has been told of its end
  double left_s = 0;  ///< [s] MPI_Wtime when the program left the last call on it

  pliant::UnderWay under_way;
  std::optional<pliant::OperationRun> run;

  Pliant_Request_s() = default;
  Pliant_Request_s(const Pliant_Request_s&) = delete;
  Pliant_Request_s& operator=(const Pliant_Request_s&) = delete;
  /// Local. With the context's mutex held, unless the context has ended: then no call of MPI is made.
  ~Pliant_Request_s();

  pliant::FramePool& frames() { return under_way.workspace.frames; }
};

namespace pliant {

/// What an init call does once its arguments are checked: everything that takes other ranks. Collective.
void make_ready(Pliant_Request_s& request, MPI_Info info);

/// The request's context ends: gives back what is the context's. What is left is a shell, which can only be
/// freed.
/// @param busy  operations are under way somewhere: what they use stays as it is
void let_go(Pliant_Request_s& request, bool busy);

/// The rest is called with the context's mutex held.

/// The operation that is under way is given up: MPI goes on with what it is reducing itself.
void leave_to_mpi(Pliant_Request_s& request);
/// The communicator has new connections. Collective for requests that all ranks have.
void renew(Pliant_Request_s& request, HostGroup::RequestLanes lanes, const SharedResources& resources);

/// Local. The request goes on whenever somebody has time.
void start_request(Pliant_Request_s& request);
/// Whether it is complete; it is inactive then. Throws what ended it.
bool test_request(Pliant_Request_s& request);
void wait_for_request(Pliant_Request_s& request);

/// Add what was not sent to the receive buffers. Collective.
void flush_request(Pliant_Request_s& request);

}  // namespace pliant

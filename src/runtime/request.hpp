// A persistent request: its buffers, settings and residual.
#pragma once

#include <mpi.h>
#include <pliant/pliant.h>

#include <memory>
#include <optional>
#include <vector>

#include "kernels/cuda/device.hpp"
#include "mpi/datatype.hpp"
#include "mpi/mpi_allreduce.hpp"
#include "runtime/operation.hpp"
#include "runtime/placement.hpp"

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
  std::vector<std::byte> packed;     ///< all parts in order; empty with a single part, or on a device
  int device = pliant::kHostMemory;  ///< number of the device that holds the parts
  std::unique_ptr<pliant::cuda::DeviceScratch> packed_there;  ///< `packed`, on the device
  pliant::SharedResources::Share share;                       ///< tags, and a communicator for MPI's own
  std::vector<std::unique_ptr<pliant::MpiAllreduce>> by_mpi;  ///< one per part, if MPI reduces
  pliant::HostGroup::RequestChannels hosts;                   ///< host channels; null: none
  bool nominal = false;                                       ///< as Operation's
  bool started = false;                                       ///< until a call has returned its result
  double left_s = 0;  ///< [s] MPI_Wtime at which the program left the last call on it

  pliant::PendingOperation pending;
  std::optional<pliant::OperationRun> run;

  Pliant_Request_s() = default;
  Pliant_Request_s(const Pliant_Request_s&) = delete;
  Pliant_Request_s& operator=(const Pliant_Request_s&) = delete;
  /// Local. Needs the context's mutex, unless the context has ended: then it makes no MPI call.
  ~Pliant_Request_s();

  pliant::FramePool& frames() { return pending.workspace.frames; }
};

namespace pliant {

/// Does the collective part of an init call, after its arguments were checked.
void make_ready(Pliant_Request_s& request, MPI_Info info);

/// Gives back the context's resources when the context ends. The request can then only be freed.
/// @param busy  operations are pending on some rank, so their resources must stay
void let_go(Pliant_Request_s& request, bool busy);

/// The functions below need the context's mutex.

/// Gives up the pending operation. Leaks MPI's own requests, since MPI may still use the buffers.
void leave_to_mpi(Pliant_Request_s& request);
/// Moves the request to the communicator's new connections. Collective for requests that all ranks have.
void renew(Pliant_Request_s& request, HostGroup::RequestChannels sites, const SharedResources& resources);

/// Starts the request. Local; other calls advance it.
void start_request(Pliant_Request_s& request);
/// Returns whether the request is complete; then it is inactive. Throws the error that ended it.
bool test_request(Pliant_Request_s& request);
void wait_for_request(Pliant_Request_s& request);

/// Adds what was not sent to the receive buffers. Collective.
void flush_request(Pliant_Request_s& request);

}  // namespace pliant

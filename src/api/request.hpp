// A persistent request: buffers, settings, and the residual of what it has not sent.
#pragma once

#include <mpi.h>
#include <pliant/pliant.h>

#include <memory>
#include <vector>

#include "api/context.hpp"

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
  MPI_Datatype datatype = MPI_DATATYPE_NULL;
  MPI_Op op = MPI_OP_NULL;
  std::vector<std::byte> packed;  ///< all parts one after the other; empty where there is one part
  bool started = false;
};

namespace pliant {

/// Run every started request of the communicator up to and including `last`; all of them for null.
/// Collective.
void run_started(Context& context, Pliant_Request last);

/// Add what was not sent to the receive buffers. Collective.
void flush_request(Pliant_Request_s& request);

}  // namespace pliant

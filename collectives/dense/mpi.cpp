// The MPI library's own allreduce.
//
// The library decides how. The cost is that of the two algorithms that Open MPI 4.1 chooses between by
// default: recursive doubling below 10 KB, a ring above (coll/tuned, fixed decision). It is multiplied by a
// factor that is measured with the network. Bytes are those of the bandwidth-optimal algorithms. Exact. MPI
// advises implementors to give all ranks the same bits, and Open MPI does.
#include <algorithm>

#include "collectives/dense/dense.hpp"
#include "collectives/topology/binomial.hpp"
#include "collectives/topology/hypercube.hpp"
#include "mpi/check.hpp"
#include "mpi/completion.hpp"
#include "mpi/datatype.hpp"

namespace pliant {
namespace {

constexpr std::int64_t kPieceElements = std::int64_t{1}
                                        << 28;  // MPI 3.1 counts are int; 2^28 doubles are 2 GiB

double cost_s(const AllreduceShape& shape, const CostModel& model) {
  const double bytes = static_cast<double>(shape.bytes());
  const double reduce_s = bytes * model.compute.gamma_s_per_byte;
  const double round_s = model.link.alpha_s + bytes * model.link.beta_s_per_byte;
  const int fold = hypercube::extras(shape.ranks) > 0 ? 1 : 0;
  const int doubling = binomial::rounds(hypercube::corners(shape.ranks));
  const double doubling_s = (doubling + 2 * fold) * round_s + (doubling + fold) * reduce_s;
  const double chunk_s = model.link.alpha_s + bytes / shape.ranks * model.link.beta_s_per_byte;
  const double ring_s = (shape.ranks - 1) * (2 * chunk_s + reduce_s / shape.ranks);
  return std::min(doubling_s, ring_s) * model.mpi.at(shape.bytes());
}

/// Traffic as if it were a ring.
Traffic sent(const AllreduceShape& shape, int) {
  return {2 * std::int64_t{shape.ranks - 1}, 2 * shape.bytes() * (shape.ranks - 1) / shape.ranks};
}

Task run(AllreduceCall& call) {
  const MPI_Comm comm = call.mpi_comm == MPI_COMM_NULL ? call.comm.handle() : call.mpi_comm;
  for (std::int64_t begin = 0; begin < call.shape.count; begin += kPieceElements) {
    const std::int64_t count = std::min(kPieceElements, call.shape.count - begin);
    void* const data = elements(call.data, begin, count, call.shape.type).data();
    const MPI_Datatype type = mpi_datatype(call.shape.type);
    if (call.may_block) {
      check(MPI_Allreduce(MPI_IN_PLACE, data, static_cast<int>(count), type, mpi_op(call.op), comm),
            "MPI_Allreduce");
      continue;
    }
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Iallreduce(MPI_IN_PLACE, data, static_cast<int>(count), type, mpi_op(call.op), comm, &request),
          "MPI_Iallreduce");
    Completion completion(request);
    co_await completion;
  }
  call.comm.add_estimated_bytes(sent(call.shape, call.comm.rank()).bytes);
  co_return;
}

}  // namespace

constinit const AllreduceAlgorithm mpi_allreduce{
    .name = "mpi",
    .summary = "the MPI library's own; bytes and cost are estimates",
    .exact = true,
    .deterministic = false,
    .supports = supports_all,
    .cost_s = cost_s,
    .tuned = nullptr,
    .sent = sent,
    .run = run,
    .calls_mpi = true,
};

}  // namespace pliant

// The table of nccl_calls.hpp, filled with NCCL's functions.
#include <nccl.h>

#include <cstring>

#include "kernels/cuda/nccl_calls.hpp"

namespace pliant::cuda {
namespace {

static_assert(sizeof(ncclUniqueId) == sizeof(NcclUniqueId));

ncclComm_t comm_of(NcclComm comm) {
  return static_cast<ncclComm_t>(comm);
}

cudaStream_t stream_of(Stream stream) {
  return static_cast<cudaStream_t>(stream);
}

ncclDataType_t type_of(ElementType type) {
  switch (type) {
    case ElementType::float32:
      return ncclFloat32;
    case ElementType::float64:
      return ncclFloat64;
    case ElementType::int32:
      return ncclInt32;
    case ElementType::int64:
      return ncclInt64;
  }
  return ncclNumTypes;
}

ncclRedOp_t op_of(ReduceOp op) {
  switch (op) {
    case ReduceOp::sum:
      return ncclSum;
    case ReduceOp::min:
      return ncclMin;
    case ReduceOp::max:
      return ncclMax;
    case ReduceOp::prod:
      return ncclProd;
  }
  return ncclNumOps;
}

int get_unique_id(NcclUniqueId* id) {
  ncclUniqueId made{};
  const int code = ncclGetUniqueId(&made);
  std::memcpy(id->data(), &made, sizeof made);
  return code;
}

int comm_init_rank(NcclComm* comm, int ranks, const NcclUniqueId* id, int rank) {
  ncclUniqueId given{};
  std::memcpy(&given, id->data(), sizeof given);
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  ncclComm_t made = nullptr;
  const int code = ncclCommInitRankConfig(&made, ranks, given, rank, &config);
  *comm = made;
  return code;
}

int comm_get_async_error(NcclComm comm, int* code) {
  ncclResult_t async = ncclSuccess;
  const int asked = ncclCommGetAsyncError(comm_of(comm), &async);
  *code = async;
  return asked;
}

constexpr NcclCalls kCalls{
    .version = NCCL_VERSION_CODE,
    .in_progress = ncclInProgress,
    .get_unique_id = get_unique_id,
    .comm_init_rank = comm_init_rank,
    .comm_get_async_error = comm_get_async_error,
    .comm_finalize = [](NcclComm comm) -> int { return ncclCommFinalize(comm_of(comm)); },
    .comm_destroy = [](NcclComm comm) -> int { return ncclCommDestroy(comm_of(comm)); },
    .comm_abort = [](NcclComm comm) -> int { return ncclCommAbort(comm_of(comm)); },
    .all_reduce = [](const void* send, void* recv, std::size_t count, ElementType type, ReduceOp op,
                     NcclComm comm, Stream stream) -> int {
      return ncclAllReduce(send, recv, count, type_of(type), op_of(op), comm_of(comm), stream_of(stream));
    },
    .broadcast = [](void* memory, std::size_t bytes, int root, NcclComm comm, Stream stream) -> int {
      return ncclBroadcast(memory, memory, bytes, ncclUint8, root, comm_of(comm), stream_of(stream));
    },
    .get_error_string = [](int code) { return ncclGetErrorString(static_cast<ncclResult_t>(code)); },
};

}  // namespace

const NcclCalls* nccl_calls() {
  return &kCalls;
}

}  // namespace pliant::cuda

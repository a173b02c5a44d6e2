// The NCCL calls that Pliant makes, as a table, for the reasons in calls.hpp. Codes and handles are NCCL's
// own.
#pragma once

#include <array>
#include <cstddef>

#include "core/element_type.hpp"
#include "kernels/cuda/calls.hpp"

namespace pliant::cuda {

using NcclComm = void*;                      ///< ncclComm_t
using NcclUniqueId = std::array<char, 128>;  ///< ncclUniqueId

/// Communicators are non-blocking. A call that returns in_progress is complete once comm_get_async_error()
/// says so.
struct NcclCalls {
  int version;      ///< of the library: 10000 * major + 100 * minor + patch
  int in_progress;  ///< code of a call that is not complete yet

  int (*get_unique_id)(NcclUniqueId* id);
  int (*comm_init_rank)(NcclComm* comm, int ranks, const NcclUniqueId* id, int rank);
  int (*comm_get_async_error)(NcclComm comm, int* code);
  int (*comm_finalize)(NcclComm comm);
  int (*comm_destroy)(NcclComm comm);
  int (*comm_abort)(NcclComm comm);

  int (*all_reduce)(const void* send, void* recv, std::size_t count, ElementType type, ReduceOp op,
                    NcclComm comm, Stream stream);
  /// Copies bytes from root's memory to that of all ranks.
  int (*broadcast)(void* memory, std::size_t bytes, int root, NcclComm comm, Stream stream);
  const char* (*get_error_string)(int code);
};

/// Null if the library was built without NCCL.
const NcclCalls* nccl_calls();

}  // namespace pliant::cuda

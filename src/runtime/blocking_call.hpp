// A blocking call that Pliant reduces itself, without MPI's allreduce.
#pragma once

#include "runtime/buffers.hpp"
#include "runtime/context.hpp"

namespace pliant {

/// The checked arguments of a blocking call.
struct BlockingCall {
  Buffers buffers;
  std::int64_t count = 0;  ///< elements
  ElementType type{};
  ReduceOp op{};
  int device = 0;  ///< number of the device that holds the buffers, or kHostMemory
};

/// Reduces, and sets context.last_report. Collective; the caller holds the context's mutex.
void reduce_now(Context& context, const BlockingCall& call);

}  // namespace pliant

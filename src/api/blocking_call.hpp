// A blocking call that Pliant itself reduces.
#pragma once

#include "api/buffers.hpp"
#include "api/context.hpp"

namespace pliant {

/// What is to be reduced, arguments checked.
struct BlockingCall {
  Buffers buffers;
  std::int64_t count = 0;  ///< elements
  ElementType type{};
  ReduceOp op{};
  int device = 0;  ///< where the buffers are: a device's number, or kHostMemory
};

/// Collective. With the context's mutex held.
void reduce_now(Context& context, const BlockingCall& call);

}  // namespace pliant

// Residuals of blocking calls: flush them, forget them, and warn if new settings leave them unused.
#pragma once

#include <span>

#include "runtime/context.hpp"

namespace pliant {

/// recv[rest.size()] += rest, in host memory or in the memory of `device`.
void add_to(Context& context, const Plan& plan, int device, float* recv, std::span<const float> rest);

/// Adds what all ranks have not sent of calls into `recvbuf` to it, exactly, and clears the residuals. NULL:
/// all calls, each into its own buffer. Collective.
void flush_blocking(Context& context, const void* recvbuf);

/// Drops the tensors of calls into `recvbuf`, with their residuals. NULL: all tensors of blocking calls.
/// Collective.
void forget_blocking(Context& context, const void* recvbuf);

/// Warns if changed settings make calls exact that have a residual.
void warn_of_residuals_out_of_use(Context& context);

}  // namespace pliant

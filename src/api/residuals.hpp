// What blocking calls have not sent: flushed, forgotten, and spoken of where it would be overlooked.
#pragma once

#include <span>

#include "api/context.hpp"

namespace pliant {

/// recv += rest, in the host's memory or in that of `device`. [rest.size()]
void add_to(Context& context, const Plan& plan, int device, float* recv, std::span<const float> rest);

/// Add what all ranks have not sent of calls into `recvbuf`, exactly; nothing of it is outstanding then.
/// NULL: of all calls, each into its own buffer. Collective.
void flush_blocking(Context& context, const void* recvbuf);

/// Drop what ranks have not sent of calls into `recvbuf`, and the tensors that kept it. NULL: of all.
/// Collective.
void forget_blocking(Context& context, const void* recvbuf);

/// Warns where settings that have just changed make calls exact that have a residual.
void warn_of_residuals_out_of_use(Context& context);

}  // namespace pliant

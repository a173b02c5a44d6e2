#include "runtime/short_call.hpp"

#include <optional>

#include "mpi/datatype.hpp"
#include "runtime/buffers.hpp"
#include "runtime/context.hpp"
#include "runtime/guard.hpp"
#include "runtime/operation.hpp"
#include "runtime/placement.hpp"

namespace pliant {
namespace {

/// Advances other operations while the call waits: another thread may have started one.
void go_on(void* of) {
  auto& context = *static_cast<Context*>(of);
  context.advance_all();
  context.pause();
  context.require_whole();
}

void carry_out(Context& context, const ShortPath& path, const CallKind& kind, const Buffers& buffers) {
  const double begin_s = MPI_Wtime();
  const double between_s = context.computed_until(begin_s);
  path.algorithm->run_short({.hosts = context.hosts().channels(),
                             .reduce = context.kernels().reduction(kind.type, kind.op),
                             .send = static_cast<const std::byte*>(buffers.send),
                             .recv = static_cast<std::byte*>(buffers.recv),
                             .count = kind.count,
                             .bytes = static_cast<std::size_t>(kind.count * element_bytes(kind.type)),
                             .idle = go_on,
                             .of = &context});
  ++context.plain_calls;
  context.end_s = MPI_Wtime();
  context.outside.leave(context.end_s);
  context.last_report = path.report;
  context.last_report.measured_s = context.end_s - begin_s;
  context.last_report.compute_s = path.needs_compute_time ? context.compute_times.typical_s() : between_s;
}

/// Do the buffers lie in host memory? If the program uses a device, each call has to look: the address may
/// have become a device's since the last one. Throws as device_of().
bool on_host(Context& context, const Buffers& buffers) {
  Buffers& last = context.last_on_host;
  if (!cuda::driver_is_used() && buffers.send == last.send && buffers.recv == last.recv) return true;
  const bool host = device_of(buffers) == kHostMemory;
  if (host) last = buffers;
  return host;
}

}  // namespace

void remember_short_path(const OperationRun& run) {
  Context& context = run.context;
  const Operation& operation = run.operation;
  const bool short_one = run.algorithm->run_short != nullptr &&
                         operation.count * element_bytes(operation.type) <= run.algorithm->short_bytes;
  if (operation.device.part != nullptr) return;
  const bool watched = context.checks() || context.process().records() ||
                       context.process().logger().level() >= LogLevel::trace;
  if (!short_one || watched || run.may_lose) return;
  operation.site->short_path = {run.algorithm, operation.plan.policy->needs_compute_time, run.report};
}

bool short_call(const void* sendbuf, void* recvbuf, MPI_Count count, MPI_Datatype datatype, MPI_Op op,
                MPI_Comm comm) {
  const auto type = element_type(datatype);
  const auto reduction = reduce_op(op);
  if (!type || !reduction || comm == MPI_COMM_NULL) return false;
  Context* const context = Context::made_for(comm);
  if (context == nullptr) return false;
  const CollectiveCall call(*context);
  if (context->is_under_way()) return false;
  // This must not count as use: a rank with a pending operation does not come here, and all ranks have to forget
  // the same call sites.
  const CallKind kind{count, *type, *reduction, Memory::host};
  const CallSite* const known = context->call_sites.look_at(kind);
  if (known == nullptr || known->short_path.algorithm == nullptr) return false;
  const Buffers buffers = check_buffers(sendbuf, recvbuf, count, count * element_bytes(*type));
  if (!on_host(*context, buffers)) return false;
  const ShortPath& path = context->call_sites.of(kind).short_path;
  if (path.algorithm == nullptr) return false;
  const std::optional<Error> failed = attempt([&] { carry_out(*context, path, kind, buffers); });
  if (!failed) return true;
  context->break_off(*failed);
  throw *failed;
}

}  // namespace pliant

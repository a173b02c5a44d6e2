#include "runtime/blocking_call.hpp"

#include "planner/decision.hpp"
#include "runtime/device/device_operation.hpp"
#include "runtime/operation.hpp"
#include "runtime/placement.hpp"
#include "runtime/short_call.hpp"

namespace pliant {
namespace {

/// Reduces with the tensor that this rank has at `place`. Returns false, with nothing done, if the ranks must
/// agree on the tensor first.
bool reduce_at(Context& context, const BlockingCall& call, int place) {
  TensorState* const tensor = context.tensors().at(place);
  PendingOperation& pending = context.blocking();
  Operation operation{context.plan(), tensor,    call.buffers.send, call.buffers.recv,
                      call.count,     call.type, call.op,           true};
  operation.place = place;
  operation.site = &context.call_sites.of(
      {call.count, call.type, call.op, call.device == kHostMemory ? Memory::host : Memory::device});
  if (call.device != kHostMemory)
    place_on_device(operation, context.device_part(call.device), context, pending, tensor != nullptr);
  OperationRun run{context, operation, pending};
  context.prepare(pending);
  context.begin(pending, run_operation(run));
  context.finish(pending);
  Context::rethrow(pending);
  if (run.tensor_unknown) {
    context.outside.leave(MPI_Wtime());
    return false;
  }
  publish_report(run);
  context.last_report = run.report;
  remember_short_path(run);
  return true;
}

/// Agrees on the tensor of this call and returns its place. Collective.
int agreed_place(Context& context, const BlockingCall& call) {
  if (context.tensors().has_other_count(call.buffers.recv, call.count))
    context.warn_once(
        "blocking calls reduce a recvbuf with several counts (each count has a residual of its own, which "
        "waits "
        "for the next call of that count). Pliant_Comm_flush adds them all, Pliant_Comm_forget drops them");
  return context.tensors().agree_on_place(context.comm(), call.buffers.recv, call.count);
}

}  // namespace

void reduce_now(Context& context, const BlockingCall& call) {
  const Plan& plan = context.plan();
  if (call.count == 0) return;
  if (call.device != kHostMemory) follow_stream(context.device_part(call.device), plan);
  const AllreduceShape shape = plan.shape(context.hosts().layout(), call.count, call.type);
  const int place = lossy_eligible(plan, shape, call.op)
                        ? context.tensors().find(call.buffers.recv, call.count)
                        : Tensors::kFull;
  if (!reduce_at(context, call, place)) reduce_at(context, call, agreed_place(context, call));
}

}  // namespace pliant

#include "api/request.hpp"

#include <algorithm>
#include <cstring>

#include "api/alike.hpp"
#include "mpi/completion.hpp"
#include "mpi/datatype.hpp"

namespace pliant {
namespace {

using Part = Pliant_Request_s::Part;

std::int64_t part_bytes(const Part& part, ElementType type) {
  return part.count * element_bytes(type);
}

/// Where the request's elements lie together: its only part's buffer, or `packed` filled from all parts.
void* gather(Pliant_Request_s& request, ElementType type) {
  if (request.parts.size() == 1) return request.parts[0].recv;
  std::byte* to = request.packed.data();
  for (const Part& part : request.parts) {
    std::memcpy(to, part.send, static_cast<std::size_t>(part_bytes(part, type)));
    to += part_bytes(part, type);
  }
  return request.packed.data();
}

void scatter(Pliant_Request_s& request, ElementType type) {
  if (request.parts.size() == 1) return;
  const std::byte* from = request.packed.data();
  for (const Part& part : request.parts) {
    std::memcpy(part.recv, from, static_cast<std::size_t>(part_bytes(part, type)));
    from += part_bytes(part, type);
  }
}

/// Null, or why MPI itself has to reduce.
const char* reason_for_mpi(const Pliant_Request_s& request) {
  if (!request.context->process().settings().enable) return "mpi: PLIANT_ENABLE = 0";
  if (!element_type(request.datatype) || !reduce_op(request.op))
    return "mpi: Pliant has no kernel for this datatype and operation";
  return nullptr;
}

/// Each part by MPI itself, on a communicator of the request's own: starts may come in any order.
Task run_by_mpi(Pliant_Request_s& request, const char* reason) {
  for (const Part& part : request.parts) {
    const void* send = part.send == part.recv ? MPI_IN_PLACE : part.send;
    MPI_Request pending = MPI_REQUEST_NULL;
    check(MPI_Iallreduce(send, part.recv, static_cast<int>(part.count), request.datatype, request.op,
                         request.mpi_comm, &pending),
          "MPI_Iallreduce");
    Completion completion(pending);
    co_await completion;
  }
  Pliant_Report report = empty_report();
  std::strcpy(report.algorithm, "mpi");
  std::strcpy(report.reason, reason);
  report.elements = report.kept = request.count;
  report.exact = 1;
  request.tensor->report = report;
}

Task carry_out(Pliant_Request_s& request) {
  if (request.plan.settings.check) {
    AlikeCheck check{
        *request.context, request.under_way,
        intention_of(request.tensor->name, request.count, request.datatype, request.op, request.plan)};
    co_await check_alike(check);
  }
  if (request.count == 0) {
    request.tensor->report = empty_report();
  } else if (const char* reason = reason_for_mpi(request)) {
    co_await run_by_mpi(request, reason);
  } else {
    const ElementType type = *element_type(request.datatype);
    void* recv = gather(request, type);
    const void* send = request.parts.size() == 1 ? request.parts[0].send : recv;
    request.run.emplace(OperationRun{
        *request.context,
        {request.plan, request.tensor.get(), send, recv, request.count, type, *reduce_op(request.op), false,
         request.tag, request.mpi_comm, request.hosts.get(), request.nominal},
        request.under_way});
    co_await run_operation(*request.run);
    scatter(request, type);
  }
}

/// The program is back in a call on the request, which may have ended meanwhile.
void come_back(Pliant_Request_s& request) {
  const double now_s = MPI_Wtime();
  request.context->outside.enter(now_s);
  if (request.run) request.run->away_s += now_s - request.left_s;
}

void go_away(Pliant_Request_s& request) {
  request.left_s = MPI_Wtime();
  request.context->outside.leave(request.left_s);
}

bool may_take_two_levels(const Plan& plan) {
  return plan.filter.allows_two_levels() || plan.filter.for_exact_call().allows_two_levels();
}

void complete(Pliant_Request_s& request) {
  request.started = false;
  if (request.under_way.error) request.hosts.get_deleter().in_step = false;
  Context::rethrow(request.under_way);
  if (!request.run) return;
  tell(*request.run);
  request.tensor->report = request.run->report;
}

}  // namespace

void make_ready(Pliant_Request_s& request, MPI_Info info) {
  Context& context = *request.context;
  request.plan = context.plan_with(info);
  request.tensor = context.new_tensor(request.plan.settings.name, request.count);
  request.tag = context.next_tag();
  const auto type = element_type(request.datatype);
  const auto op = reduce_op(request.op);
  if (reason_for_mpi(request) != nullptr || !request.plan.filter.for_exact_call().allows_resumable())
    request.mpi_comm = context.another_communicator();
  if (reason_for_mpi(request) == nullptr && may_take_two_levels(request.plan)) {
    request.hosts = context.hosts().take_lanes();
    if (context.hosts().refused()) context.warn_once(HostGroup::kRefusal);
  }
  if (type && op && !context.measured() &&
      needs_measuring(request.plan, request.plan.shape(context.hosts().layout(), request.count, *type), *op))
    context.measure();
  request.nominal = !context.measured();
  context.want_progress_thread();
}

void start_request(Pliant_Request_s& request) {
  request.context->prepare(request.under_way);
  request.run.reset();
  request.started = true;
  request.context->note_start(request.tag);
  request.context->begin(request.under_way, carry_out(request));
  go_away(request);
}

bool test_request(Pliant_Request_s& request) {
  if (!request.started) return true;
  come_back(request);
  if (!request.under_way.ended) request.context->advance_everything();
  go_away(request);
  if (!request.under_way.ended) return false;
  complete(request);
  return true;
}

void wait_for_request(Pliant_Request_s& request) {
  if (!request.started) return;
  come_back(request);
  request.context->finish(request.under_way);
  complete(request);
}

void flush_request(Pliant_Request_s& request) {
  if (element_type(request.datatype) != ElementType::float32 || request.count == 0) return;
  std::vector<float> rest(static_cast<std::size_t>(request.count), 0.0F);
  flush_tensor(*request.context, request.plan, *request.tensor, rest.data());
  const float* from = rest.data();
  for (const Part& part : request.parts) {
    float* to = static_cast<float*>(part.recv);
    for (std::int64_t i = 0; i < part.count; ++i) to[i] += from[i];
    from += part.count;
  }
}

}  // namespace pliant

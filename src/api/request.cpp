#include "api/request.hpp"

#include <algorithm>
#include <cstring>

#include "api/operation.hpp"
#include "mpi/check.hpp"
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

/// Each part by MPI itself, on the private communicator.
void run_by_mpi(Pliant_Request_s& request, const char* reason) {
  for (const Part& part : request.parts) {
    const void* send = part.send == part.recv ? MPI_IN_PLACE : part.send;
    check(MPI_Allreduce(send, part.recv, static_cast<int>(part.count), request.datatype, request.op,
                        request.context->comm().handle()),
          "MPI_Allreduce");
  }
  Pliant_Report report = empty_report();
  std::strcpy(report.algorithm, "mpi");
  std::strcpy(report.reason, reason);
  report.elements = report.kept = request.count;
  report.exact = 1;
  request.tensor->report = report;
}

void run(Pliant_Request_s& request) {
  const auto type = element_type(request.datatype);
  const auto op = reduce_op(request.op);
  if (request.count == 0) {
    request.tensor->report = empty_report();
    return;
  }
  if (!request.context->process().settings().enable) return run_by_mpi(request, "mpi: PLIANT_ENABLE = 0");
  if (!type || !op) return run_by_mpi(request, "mpi: Pliant has no kernel for this datatype and operation");
  void* recv = gather(request, *type);
  const void* send = request.parts.size() == 1 ? request.parts[0].send : recv;
  const Operation operation{request.plan, request.tensor.get(), send, recv, request.count, *type, *op, false};
  request.tensor->report = run_operation(*request.context, operation);
  scatter(request, *type);
}

}  // namespace

void run_started(Context& context, Pliant_Request last) {
  while (!context.started.empty()) {
    Pliant_Request request = context.started.front();
    context.started.pop_front();
    request->started = false;
    run(*request);
    if (request == last) return;
  }
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

#include "runtime/request.hpp"

#include <algorithm>
#include <cstring>

#include "collectives/device/device_part.hpp"
#include "core/error.hpp"
#include "mpi/agree.hpp"
#include "mpi/completion.hpp"
#include "mpi/datatype.hpp"
#include "runtime/consistency_check.hpp"
#include "runtime/device/device_operation.hpp"
#include "runtime/residuals.hpp"

namespace pliant {
namespace {

using Part = Pliant_Request_s::Part;

std::int64_t part_bytes(const Part& part, ElementType type) {
  return part.count * element_bytes(type);
}

/// gather() on the device.
void* gather_there(Pliant_Request_s& request, ElementType type) {
  cuda::Device& device = request.context->device_part(request.device).device;
  auto* to = static_cast<std::byte*>(request.packed_there->get());
  for (const Part& part : request.parts) {
    device.copy(to, part.send, part_bytes(part, type), device.work());
    to += part_bytes(part, type);
  }
  return request.packed_there->get();
}

void scatter_there(Pliant_Request_s& request, ElementType type) {
  cuda::Device& device = request.context->device_part(request.device).device;
  const auto* from = static_cast<const std::byte*>(request.packed_there->get());
  for (const Part& part : request.parts) {
    device.copy(part.recv, from, part_bytes(part, type), device.work());
    from += part_bytes(part, type);
  }
  device.wait(device.work());
}

/// Returns the request's elements in one buffer: the recv buffer of a single part, or all parts packed.
void* gather(Pliant_Request_s& request, ElementType type) {
  if (request.parts.size() == 1) return request.parts[0].recv;
  if (request.packed_there != nullptr) return gather_there(request, type);
  std::byte* to = request.packed.data();
  for (const Part& part : request.parts) {
    std::memcpy(to, part.send, static_cast<std::size_t>(part_bytes(part, type)));
    to += part_bytes(part, type);
  }
  return request.packed.data();
}

void scatter(Pliant_Request_s& request, ElementType type) {
  if (request.parts.size() == 1) return;
  if (request.packed_there != nullptr) return scatter_there(request, type);
  const std::byte* from = request.packed.data();
  for (const Part& part : request.parts) {
    std::memcpy(part.recv, from, static_cast<std::size_t>(part_bytes(part, type)));
    from += part_bytes(part, type);
  }
}

/// Returns the reason why MPI has to reduce, or null if Pliant does.
const char* reason_for_mpi(const Pliant_Request_s& request) {
  if (!request.context->process().settings().enable) return "mpi: PLIANT_ENABLE = 0";
  if (!element_type(request.datatype) || !reduce_op(request.op))
    return "mpi: Pliant has no kernel for this datatype and operation";
  return nullptr;
}

void prepare_mpi(Pliant_Request_s& request) {
  for (const Part& part : request.parts)
    request.by_mpi.push_back(std::make_unique<MpiAllreduce>(part.send == part.recv ? MPI_IN_PLACE : part.send,
                                                            part.recv, part.count, request.datatype,
                                                            request.op, request.share.comm()));
}

/// Reduces each part by MPI. The request has its own communicator, so that starts may come in any order.
Task run_by_mpi(Pliant_Request_s& request, const char* reason) {
  for (const auto& part : request.by_mpi) {
    for (MPI_Count piece = 0; piece < part->pieces(); ++piece) {
      Completion completion(part->start(piece));
      co_await completion;
    }
  }
  Pliant_Report report = empty_report();
  std::strcpy(report.algorithm, "mpi");
  std::strcpy(report.reason, reason);
  report.elements = report.kept = request.count;
  report.exact = 1;
  request.tensor->report = report;
}

bool may_lose(const Pliant_Request_s& request, ElementType type) {
  const AllreduceShape shape = request.plan.shape(request.context->hosts().layout(), request.count, type);
  return lossy_eligible(request.plan, shape, *reduce_op(request.op));
}

/// Connects the device of the request's buffers and allocates memory to pack its parts in. Collective.
void prepare_device(Pliant_Request_s& request) {
  if (request.device == kHostMemory || reason_for_mpi(request) != nullptr) return;
  Context& context = *request.context;
  DevicePart& part = context.device_part(request.device);
  if (request.parts.size() == 1) return;
  const std::int64_t bytes = request.count * element_bytes(*element_type(request.datatype));
  request.packed_there = std::make_unique<cuda::DeviceScratch>(part.device);
  const int without = first_rank_where(context.comm(), request.packed_there->of(bytes) == nullptr);
  if (without < 0) return;
  throw Error(ErrorClass::other,
              "device of rank " + std::to_string(without) + " has no room for a group of " +
                  std::to_string(bytes) + " bytes",
              "tensors of a group are packed in the device's memory",
              "Use smaller groups, or one request a tensor");
}

Task carry_out(Pliant_Request_s& request) {
  if (request.plan.settings.check) {
    ConsistencyCheck check{*request.context, request.pending,
                           intention_of(request.tensor->name, request.count, request.datatype, request.op,
                                        request.plan, request.device)};
    co_await check_consistency(check);
  }
  if (request.count == 0) {
    request.tensor->report = empty_report();
  } else if (const char* reason = reason_for_mpi(request)) {
    co_await run_by_mpi(request, reason);
  } else {
    const ElementType type = *element_type(request.datatype);
    void* recv = gather(request, type);
    const void* send = request.parts.size() == 1 ? request.parts[0].send : recv;
    Operation operation{request.plan,
                        request.tensor.get(),
                        send,
                        recv,
                        request.count,
                        type,
                        *reduce_op(request.op),
                        false,
                        request.share.tag(),
                        request.share.comm(),
                        request.hosts.get(),
                        request.nominal};
    operation.site = &request.tensor->site;
    if (request.device != kHostMemory)
      place_on_device(operation, request.context->device_part(request.device), *request.context,
                      request.pending, may_lose(request, type));
    request.run.emplace(OperationRun{*request.context, operation, request.pending});
    co_await run_operation(*request.run);
    scatter(request, type);
  }
}

/// Notes that the program is back in a call on the request, which may have ended meanwhile.
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

/// Number of calls before the first sync round; only rank 0 knows it, and it is 0 elsewhere.
int first_wait_of(const Pliant_Request_s& request) {
  Context& context = *request.context;
  const auto type = element_type(request.datatype);
  if (!type || !reduce_op(request.op) || request.count == 0 || !context.measured()) return 0;
  const AllreduceShape shape = request.plan.shape(context.hosts().layout(), request.count, *type);
  ChoiceInput input = request.plan.choice_input(shape, context.model(), false);
  input.resumable = true;
  return context.learning().first_wait(input, context.requests_made());
}

void complete(Pliant_Request_s& request) {
  request.started = false;
  if (request.pending.error && request.pending.error->is_on_all_ranks()) {
    request.hosts.get_deleter().in_step = false;
    request.share.keep_for_ever();
  }
  Context::rethrow(request.pending);
  if (!request.run) return;
  publish_report(*request.run);
  request.tensor->report = request.run->report;
}

}  // namespace

}  // namespace pliant

Pliant_Request_s::~Pliant_Request_s() {
  if (context != nullptr) context->remove(*this);
}

namespace pliant {

void let_go(Pliant_Request_s& request, bool busy) {
  if (busy) {
    static_cast<void>(request.hosts.release());
  } else {
    request.hosts.reset();
    request.by_mpi.clear();
  }
}

void make_ready(Pliant_Request_s& request, MPI_Info info) {
  Context& context = *request.context;
  context.add(request);
  // With PLIANT_ENABLE = 0 no setting is read.
  request.plan = context.process().settings().enable ? context.plan_with(info) : make_plan({});
  request.tensor = context.tensors().add(context.comm(), request.plan.settings.name, request.count);
  prepare_device(request);
  const auto type = element_type(request.datatype);
  const auto op = reduce_op(request.op);
  if (reason_for_mpi(request) == nullptr && may_take_two_levels(request.plan)) {
    request.hosts = context.hosts().take_channels();
    if (context.hosts().refused()) context.warn_once(HostGroup::kRefusal);
  }
  if (type && op && !context.measured() &&
      needs_measuring(request.plan, request.plan.shape(context.hosts().layout(), request.count, *type), *op))
    context.measure();
  request.nominal = !context.measured();
  const bool by_mpi =
      reason_for_mpi(request) != nullptr || !request.plan.filter.for_exact_call().allows_resumable();
  request.share = context.take_share(by_mpi, first_wait_of(request));
  request.tensor->site.sync.first_wait = request.share.first_wait();
  if (reason_for_mpi(request) != nullptr) prepare_mpi(request);
  context.tensors().adopt_loaded(context.comm(), *request.tensor);
  context.want_progress_thread();
}

void leave_to_mpi(Pliant_Request_s& request) {
  for (auto& part : request.by_mpi) static_cast<void>(part.release());
}

void renew(Pliant_Request_s& request, HostGroup::RequestChannels sites, const SharedResources& resources) {
  static_cast<void>(request.hosts.release());  // leaked: the old connections may still be in use
  request.hosts = std::move(sites);
  resources.renew(request.share);
  if (request.by_mpi.empty()) return;
  request.by_mpi.clear();
  prepare_mpi(request);
}

void start_request(Pliant_Request_s& request) {
  request.context->require_whole();
  if (request.device != kHostMemory && reason_for_mpi(request) == nullptr)
    follow_stream(request.context->device_part(request.device), request.plan);
  request.context->prepare(request.pending);
  request.run.reset();
  request.started = true;
  request.context->note_start(request.share.number());
  request.context->begin(request.pending, carry_out(request));
  go_away(request);
}

bool test_request(Pliant_Request_s& request) {
  if (!request.started) return true;
  come_back(request);
  if (!request.pending.ended) request.context->advance_everything();
  go_away(request);
  if (!request.pending.ended) return false;
  if (request.pending.error && !request.context->settled()) return false;
  complete(request);
  return true;
}

void wait_for_request(Pliant_Request_s& request) {
  if (!request.started) return;
  come_back(request);
  request.context->finish(request.pending);
  complete(request);
}

void flush_request(Pliant_Request_s& request) {
  if (!request.by_mpi.empty()) return;  // MPI sends everything, so there is no residual
  if (element_type(request.datatype) != ElementType::float32 || request.count == 0) return;
  std::vector<float> rest(static_cast<std::size_t>(request.count), 0.0F);
  flush_tensor(*request.context, request.plan, *request.tensor, rest.data());
  const float* from = rest.data();
  for (const Part& part : request.parts) {
    add_to(*request.context, request.plan, request.device, static_cast<float*>(part.recv),
           std::span(from, static_cast<std::size_t>(part.count)));
    from += part.count;
  }
}

}  // namespace pliant

#include "runtime/device/device_operation.hpp"

#include <array>
#include <cstdio>
#include <string>

#include "collectives/device/device_part.hpp"
#include "collectives/exchange.hpp"
#include "compress/topk.hpp"
#include "core/error.hpp"

namespace pliant {
namespace {

std::int64_t bytes_of(const Operation& operation) {
  return operation.count * element_bytes(operation.type);
}

DeviceWorkspace& workspace_of(PendingOperation& pending, DevicePart& part) {
  std::shared_ptr<DeviceWorkspace>& made = pending.workspace.device;
  if (made == nullptr) made = std::make_shared<DeviceWorkspace>(part.device);
  return *made;
}

}  // namespace

void follow_stream(DevicePart& part, const Plan& plan) {
  const std::string problem = part.device.begin_after(plan.settings.cuda_stream);
  if (problem.empty()) return;
  std::array<char, 32> address{};
  std::snprintf(address.data(), address.size(), "%p", plan.settings.cuda_stream);
  throw Error(ErrorClass::argument, std::string("pliant_cuda_stream = ") + address.data() + " " + problem,
              "it is a stream of the buffers' device, and an operation is no part of a graph",
              "Name a stream that exists, and call Pliant outside of a capture");
}

void place_on_device(Operation& operation, DevicePart& part, Context& context, PendingOperation& pending,
                     bool lossy) {
  DeviceWorkspace& workspace = workspace_of(pending, part);
  workspace.pin_again();
  operation.device = {.part = &part, .send = operation.send, .recv = operation.recv};
  if (!lossy || operation.tensor == nullptr) return;
  const cuda::OnDevice here(part.device);
  if (operation.count <= cuda::kMostElements) {
    operation.tensor->prepare_on(part.device, *operation.plan.feedback);
  } else {
    operation.tensor->prepare(*operation.plan.feedback);
  }
  operation.device.resident = operation.tensor->memory.on_device != nullptr;
  const std::int64_t kept = kept_count(operation.count, operation.plan.settings.density);
  operation.device.roomy = operation.device.resident && workspace.vectors.reserve(operation.count, kept);
  if (operation.device.resident) return;
  if (operation.tensor->feedback->on_device && part.device.ok())
    context.warn_once_here(
        "no room for a residual",
        "device " + std::to_string(part.device.number()) + " has no room for a residual of " +
            std::to_string(operation.count) +
            " elements: gradients are brought to the host. Free device memory for more speed");
  operation.send = operation.recv = workspace.whole.of(bytes_of(operation));
}

void describe_device(const OperationRun& run, AllreduceShape& shape) {
  const Operation& operation = run.operation;
  if (operation.device.part == nullptr) return;
  shape.memory = Memory::device;
  shape.has_nccl = operation.device.part->nccl != nullptr;
  shape.mpi_reads_device = run.context.process().mpi_reads_device() && !run.context.has_requests();
}

DeviceTurn::DeviceTurn(DevicePart* part) : part_(part) {
  if (part_ != nullptr) turn_ = part_->turns.take();
}

void DeviceTurn::leave() {
  if (part_ != nullptr) part_->turns.leave(turn_);
  part_ = nullptr;
}

bool DeviceTurn::has_come() const {
  return part_ == nullptr || part_->turns.is_first(turn_);
}

Task await_turn(AllreduceCall&, const OperationRun& run, DeviceTurn& turn,
                const AllreduceAlgorithm& algorithm) {
  if (!algorithm.calls_mpi && run.operation.plan.settings.min_gain == 0) turn.leave();
  const auto has_come = [&] { return turn.has_come(); };
  co_await until(has_come);
}

Task begin_on_device(OperationRun& run, AllreduceCall& call) {
  const Operation& operation = run.operation;
  const DeviceBuffers& buffers = operation.device;
  call.workspace.select.device = nullptr;
  if (buffers.part == nullptr) co_return;
  cuda::Device& device = buffers.part->device;
  cuda::DeviceEvent& here = call.workspace.device->event;
  const auto is_here = [&] { return here.past(); };
  device.order(device.work(), device.to_host());
  if (buffers.resident) {
    call.device = buffers.part;
    call.workspace.select.device = &call.workspace.device->vectors;
    if (operation.tensor == nullptr) co_return;
    here.mark(device.work());  // wait here: a selection blocks, and this stream may wait for another rank
  } else {
    device.copy(operation.recv, buffers.send, bytes_of(operation), device.to_host());
    here.mark(device.to_host());
  }
  co_await until(is_here);
}

Task end_on_device(OperationRun& run, AllreduceCall& call) {
  const DeviceBuffers& buffers = run.operation.device;
  cuda::Device& device = buffers.part->device;
  if (!buffers.resident)
    device.copy(buffers.recv, run.operation.recv, bytes_of(run.operation), device.work());
  cuda::DeviceEvent& done = call.workspace.device->event;
  done.mark(device.work());
  const auto is_done = [&] { return done.past(); };
  co_await until(is_done);

  if (!call.workspace.device->vectors.notice().empty())
    run.context.warn_once_here("no room for a selection", call.workspace.device->vectors.notice());
  std::array<double, 1> failing = {device.ok() ? 0.0 : call.comm.rank() + 1.0};
  co_await agree_max(call, failing);
  if (failing[0] == 0) co_return;
  const int failed = static_cast<int>(failing[0]) - 1;
  run.context.break_device("device of rank " + std::to_string(failed) + " failed" +
                           (device.ok() ? "" : ": " + device.failure()));
  run.context.require_device();
}

}  // namespace pliant

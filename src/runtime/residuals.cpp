#include "runtime/residuals.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "collectives/device/device_part.hpp"
#include "planner/decision.hpp"
#include "runtime/device/device_operation.hpp"
#include "runtime/guard.hpp"
#include "runtime/operation.hpp"
#include "runtime/placement.hpp"
#include "runtime/together.hpp"

namespace pliant {
namespace {

bool holds_residual(const TensorState& tensor) {
  return tensor.feedback != nullptr && tensor.feedback->keeps_mass && tensor.memory.outstanding;
}

}  // namespace

void add_to(Context& context, const Plan& plan, int device, float* recv, std::span<const float> rest) {
  if (device == kHostMemory) {
    for (std::size_t i = 0; i < rest.size(); ++i) recv[i] += rest[i];
    return;
  }
  DevicePart& part = context.device_part(device);
  follow_stream(part, plan);
  cuda::Device& there = part.device;
  std::vector<float> sum(rest.size());
  const auto bytes = static_cast<std::int64_t>(rest.size_bytes());
  there.copy(sum.data(), recv, bytes, there.work());
  there.wait(there.work());
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += rest[i];
  there.copy(recv, sum.data(), bytes, there.work());
  there.wait(there.work());
}

void flush_blocking(Context& context, const void* recvbuf) {
  const Plan& plan = context.plan();
  std::vector<BlockingTensor*> tensors;
  for (const int place : context.tensors().places_of(context.comm(), recvbuf))
    if (BlockingTensor& tensor = context.tensors().blocking(place); holds_residual(*tensor.state))
      tensors.push_back(&tensor);
  std::vector<int> devices;
  const std::optional<Error> refused = attempt([&] {
    for (const BlockingTensor* tensor : tensors)
      devices.push_back(device_of({tensor->recvbuf, tensor->recvbuf}));
  });
  throw_together(context.comm(), refused, "cannot flush");
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    TensorState& state = *tensors[i]->state;
    std::vector<float> rest(static_cast<std::size_t>(state.count), 0.0F);
    flush_tensor(context, plan, state, rest.data());
    add_to(context, plan, devices[i], static_cast<float*>(tensors[i]->recvbuf), rest);
  }
}

void forget_blocking(Context& context, const void* recvbuf) {
  Tensors& tensors = context.tensors();
  tensors.forget(tensors.places_of(context.comm(), recvbuf));
  if (recvbuf == nullptr) tensors.forget_loaded();
}

void warn_of_residuals_out_of_use(Context& context) {
  const Plan& plan = context.plan();
  const bool some =
      std::any_of(context.tensors().of_blocking_calls().begin(), context.tensors().of_blocking_calls().end(),
                  [&](const BlockingTensor& tensor) {
                    const AllreduceShape shape =
                        plan.shape(context.hosts().layout(), tensor.state->count, ElementType::float32);
                    return holds_residual(*tensor.state) && !lossy_eligible(plan, shape, ReduceOp::sum);
                  });
  if (some)
    context.warn_once(
        "blocking calls hold residuals, and new settings make these calls exact (an exact call adds no "
        "residual; "
        "residuals stay). Pliant_Comm_flush adds them to their buffers, Pliant_Comm_forget drops them");
}

}  // namespace pliant

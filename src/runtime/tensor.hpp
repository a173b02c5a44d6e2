// The state of one tensor between its steps.
#pragma once

#include <pliant/pliant.h>

#include <cstdint>
#include <string>
#include <utility>

#include "compress/error_feedback.hpp"
#include "planner/density/memory.hpp"
#include "runtime/call_site.hpp"

namespace pliant {

struct TensorState {
  std::string name;          ///< pliant_name, or one made from its ordinal; for messages and state files
  std::int64_t ordinal = 0;  ///< of a request: how many were made before it
  std::int64_t count = 0;    ///< elements
  const ErrorFeedback* feedback = nullptr;  ///< null until the first lossy step, when `memory` is allocated
  FeedbackState memory;
  std::int64_t step = 0;  ///< steps done; equal on all ranks
  PolicyMemory policy;
  Pliant_Report report{};
  CallSite site;  ///< of a request

  /// Continues from `saved`, which has the same count.
  void resume(TensorState&& saved) {
    feedback = saved.feedback;
    memory = std::move(saved.memory);
    step = saved.step;
    policy = saved.policy;
  }

  /// Allocates the residual, all zero, unless it exists. A tensor keeps the error feedback it began with, so
  /// that no residual is lost: returns false if that is not the one wanted.
  bool prepare(const ErrorFeedback& wanted) {
    if (feedback != nullptr) return feedback == &wanted;
    wanted.reset(memory, count);
    feedback = &wanted;
    return true;
  }

  /// prepare() for a tensor in a device's memory. The residual lies on the device if it has room and the
  /// error feedback supports it; otherwise on the host.
  bool prepare_on(cuda::Device& device, const ErrorFeedback& wanted) {
    const bool is_new = feedback == nullptr;
    if (is_new) feedback = &wanted;
    if (memory.on_device == nullptr && feedback->on_device) {
      memory.on_device = cuda::DeviceArray::zeros(device, count);
      if (memory.on_device != nullptr && !is_new) memory.on_device->set(memory.residual);
      if (memory.on_device != nullptr) memory.residual = {};
    }
    if (is_new && memory.on_device == nullptr) wanted.reset(memory, count);
    return feedback == &wanted;
  }
};

}  // namespace pliant

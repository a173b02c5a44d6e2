// What is remembered of one tensor between its steps.
#pragma once

#include <pliant/pliant.h>

#include <cstdint>
#include <string>
#include <utility>

#include "api/lane.hpp"
#include "compress/error_feedback.hpp"
#include "policy/memory.hpp"
#include "policy/quality.hpp"

namespace pliant {

struct TensorState {
  std::string name;          ///< pliant_name, or one made from its order; for messages and state files
  std::int64_t ordinal = 0;  ///< of a request: how many were made before it
  std::int64_t count = 0;    ///< elements
  const ErrorFeedback* feedback = nullptr;  ///< null until the first lossy step, when `memory` is allocated
  FeedbackState memory;
  std::int64_t step = 0;  ///< steps done; equal on all ranks
  PolicyMemory policy;
  QualityMemory quality;
  Pliant_Report report{};
  Lane lane;  ///< of a request

  /// Go on where `saved`, of the same count, was.
  void resume(TensorState&& saved) {
    feedback = saved.feedback;
    memory = std::move(saved.memory);
    step = saved.step;
    policy = saved.policy;
    quality = saved.quality;
  }

  /// Make room for the residual, all zero, unless there is one: a tensor keeps the error feedback it began
  /// with, so that nothing outstanding is lost. False if that is another than the one wanted.
  bool prepare(const ErrorFeedback& wanted) {
    if (feedback != nullptr) return feedback == &wanted;
    wanted.reset(memory, count);
    feedback = &wanted;
    return true;
  }

  /// The same for a tensor in a device's memory, to which the residual goes, if it can: it is on the host
  /// otherwise.
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

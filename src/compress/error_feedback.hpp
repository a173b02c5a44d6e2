// Error feedback: what becomes of what was not sent.
//
// One step is begin -> a collective -> finish. After `begin`, state.residual and the gradient that it returns
// add up to what the collective is to compress (the error-fed gradient): the selection adds them in the pass
// in which it selects. The collective takes from it what it sends and leaves the rest in the residual, so
// that sent + residual == input holds element by element; `finish` turns the sum of what was sent into the
// result.
//
// NaN and infinities leave with the step that sends them: nothing but the residual ever holds one, and that
// only while it is not sent.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/cuda/device_array.hpp"
#include "kernels/kernels.hpp"

namespace pliant {

/// What one rank remembers for one tensor between steps. All zero at first.
struct FeedbackState {
  std::vector<float> residual;  ///< [count] what has not been sent yet; empty where it is on_device
  std::unique_ptr<cuda::DeviceArray>
      on_device;                ///< [count] the residual, where it is kept in a device's memory
  std::vector<float> estimate;  ///< [count] ef21: this rank's gradient estimate; empty otherwise
  std::vector<float> total;     ///< [count] ef21: sum of all ranks' estimates; empty otherwise
  /// Residual may hold something: set by who leaves something there, and equal on all ranks.
  bool outstanding = false;

  /// [count] the residual, wherever it is kept.
  float* place() { return on_device != nullptr ? on_device->data() : residual.data(); }

  FeedbackState() = default;
  /// A copy's residual is on the host.
  FeedbackState(const FeedbackState& other);
  FeedbackState(FeedbackState&&) = default;
  FeedbackState& operator=(FeedbackState&&) = default;
  ~FeedbackState() = default;
};

/// What begin() leaves to be done.
struct ErrorFed {
  const float* pending = nullptr;  ///< [count] still to be added to the residual; null: nothing
  double squared = 0;              ///< where nothing is: squared norm of the error-fed gradient
};

struct ErrorFeedback {
  std::string_view name;
  std::string_view summary;
  bool keeps_mass;  ///< what is not sent in one step is sent in a later one
  bool on_device;   ///< works, too, where residual and gradient are in a device's memory

  /// Allocate for `count` elements, all zero.
  void (*reset)(FeedbackState& state, std::int64_t count);
  /// residual + returned.pending = the error-fed gradient. gradient: [count].
  ErrorFed (*begin)(FeedbackState& state, const float* gradient, std::int64_t count, const Kernels& kernels);
  /// `sum` holds the sum over ranks of what was sent [count]; make it the result. It may be the gradient's
  /// memory. Returns the elements that begin anew: their result is not finite, and is forgotten. As many on
  /// all ranks.
  std::int64_t (*finish)(FeedbackState& state, float* sum, std::int64_t count, const Kernels& kernels);
  /// Ranks no longer know that they hold alike what must be alike: begin it anew, on all ranks.
  void (*realign)(FeedbackState& state);
  /// Everybody's residual has been summed into sum[count] outside a step: nothing is outstanding any more.
  void (*settle)(FeedbackState& state, const float* sum, std::int64_t count, const Kernels& kernels);
};

std::span<const ErrorFeedback* const> error_feedbacks();

/// Throws Error(info_value) that lists the names there are.
const ErrorFeedback& find_error_feedback(std::string_view name);

}  // namespace pliant

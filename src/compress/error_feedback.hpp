// Error feedback: what happens to the part of a gradient that was not sent.
//
// One step is begin -> a collective -> finish.
//   begin       makes the error-fed gradient, the input of the collective. It is state.residual plus a pending
//               gradient, which the selection adds in the same pass in which it selects.
//   collective  sends a part of its input and leaves the rest in the residual, so that sent + residual == input
//               holds element by element.
//   finish      turns the sum of what was sent into the result.
//
// NaN and infinities leave with the step that sends them. Only the residual ever holds one, and only until it
// is sent.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/cuda/device_array.hpp"
#include "kernels/kernels.hpp"

namespace pliant {

/// The state of one rank for one tensor, kept between steps. All zero at first.
struct FeedbackState {
  std::vector<float> residual;  ///< [count] the part not sent yet; empty if it is on_device
  std::unique_ptr<cuda::DeviceArray>
      on_device;                ///< [count] the residual, where it is kept in a device's memory
  std::vector<float> estimate;  ///< [count] ef21: this rank's gradient estimate; empty otherwise
  std::vector<float> total;     ///< [count] ef21: sum of all ranks' estimates; empty otherwise
  /// The residual may be nonzero. Set by the code that leaves something there; equal on all ranks.
  bool outstanding = false;

  /// [count] the residual, on the host or on the device.
  float* place() { return on_device != nullptr ? on_device->data() : residual.data(); }

  FeedbackState() = default;
  /// The copy's residual is on the host.
  FeedbackState(const FeedbackState& other);
  FeedbackState(FeedbackState&&) = default;
  FeedbackState& operator=(FeedbackState&&) = default;
  ~FeedbackState() = default;
};

/// The work that begin() leaves to the selection.
struct FeedbackResult {
  const float* pending = nullptr;  ///< [count] still to be added to the residual; null: nothing
  double squared = 0;              ///< if `pending` is null: squared norm of the error-fed gradient
};

struct ErrorFeedback {
  std::string_view name;
  std::string_view summary;
  bool keeps_mass;  ///< an element that is not sent in one step is sent in a later one
  bool on_device;   ///< also works with residual and gradient in device memory

  /// Allocate for `count` elements, all zero.
  void (*reset)(FeedbackState& state, std::int64_t count);
  /// residual + returned.pending = the error-fed gradient. gradient: [count].
  FeedbackResult (*begin)(FeedbackState& state, const float* gradient, std::int64_t count,
                          const Kernels& kernels);
  /// `sum` [count] is the sum over ranks of what was sent; turns it into the result. `sum` may be the
  /// gradient's memory. Returns the number of elements that are reset because their result is not finite,
  /// which is the same on all ranks.
  std::int64_t (*finish)(FeedbackState& state, float* sum, std::int64_t count, const Kernels& kernels);
  /// Resets, on all ranks, the state that must be equal on all ranks. Called when ranks may no longer agree
  /// on it.
  void (*realign)(FeedbackState& state);
  /// Called when all residuals have been summed into sum[count] outside a step: nothing is outstanding any
  /// more.
  void (*settle)(FeedbackState& state, const float* sum, std::int64_t count, const Kernels& kernels);
};

std::span<const ErrorFeedback* const> error_feedbacks();

/// Throws Error(info_value), listing the valid names, for an unknown name.
const ErrorFeedback& find_error_feedback(std::string_view name);

}  // namespace pliant

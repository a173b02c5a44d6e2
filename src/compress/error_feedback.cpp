#include "compress/error_feedback.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "core/error.hpp"
#include "kernels/memory.hpp"

namespace pliant {
namespace {

void reset_residual(FeedbackState& state, std::int64_t count) {
  const auto size = static_cast<std::size_t>(count);
  state = {};
  state.residual.reserve(size);
  wish_huge_pages(state.residual.data(), size * sizeof(float));
  state.residual.assign(size, 0.0F);
}

/// Has no branch, so that loops over it vectorise.
bool is_finite(float value) {
  return std::abs(value) <= std::numeric_limits<float>::max();
}

void keep_all(FeedbackState&) {}

std::int64_t keep_sum(FeedbackState&, float*, std::int64_t, const Kernels&) {
  return 0;
}

void clear_all(FeedbackState& state) {
  std::fill(state.residual.begin(), state.residual.end(), 0.0F);
  if (state.on_device != nullptr) state.on_device->clear();
  state.outstanding = false;
}

void clear_residual(FeedbackState& state, const float*, std::int64_t, const Kernels&) {
  clear_all(state);
}

FeedbackResult leave_pending(FeedbackState&, const float* gradient, std::int64_t, const Kernels&) {
  return {.pending = gradient};
}

std::int64_t none_finish(FeedbackState& state, float* sum, std::int64_t count, const Kernels& kernels) {
  if (state.outstanding) clear_residual(state, sum, count, kernels);
  return 0;
}

void ef21_reset(FeedbackState& state, std::int64_t count) {
  reset_residual(state, count);
  state.estimate.assign(static_cast<std::size_t>(count), 0.0F);
  state.total.assign(static_cast<std::size_t>(count), 0.0F);
}

// The estimate becomes the gradient at once, and finish() subtracts what was not sent. This needs no copy of
// the gradient, and sent coordinates hold it without rounding. A change that is not finite is sent or left
// behind like any other, but leaves the estimate as it was.
FeedbackResult ef21_begin(FeedbackState& state, const float* gradient, std::int64_t count,
                          const Kernels& kernels) {
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const float change = gradient[i] - state.estimate[at];
    state.residual[at] = change;
    state.estimate[at] = is_finite(change) ? gradient[i] : state.estimate[at];
  }
  return {.squared = kernels.squared_norm(state.residual.data(), count)};
}

// An estimate could never recover from a result that is not finite, so all ranks reset that coordinate to
// zero. They agree on which coordinates these are, since they hold the same sums and totals.
std::int64_t ef21_finish(FeedbackState& state, float* sum, std::int64_t count, const Kernels&) {
  std::int64_t begun_anew = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const float estimate = state.estimate[at];
    const float unsent = state.residual[at];
    const float result = state.total[at] + sum[i];
    const bool holds = is_finite(result);
    const float reached = is_finite(unsent) ? estimate - unsent : estimate;
    state.estimate[at] = holds ? reached : 0;
    state.residual[at] = holds || !is_finite(unsent) ? unsent : estimate;
    state.total[at] = holds ? result : 0;
    sum[i] = result;
    begun_anew += holds ? 0 : 1;
  }
  if (begun_anew > 0) state.outstanding = true;
  return begun_anew;
}

/// Leaves the residual: every begin() overwrites it.
void ef21_realign(FeedbackState& state) {
  std::fill(state.estimate.begin(), state.estimate.end(), 0.0F);
  std::fill(state.total.begin(), state.total.end(), 0.0F);
}

void ef21_settle(FeedbackState& state, const float* sum, std::int64_t count, const Kernels& kernels) {
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const float result = state.total[at] + sum[i];
    const bool holds = is_finite(result);  // then every residual was finite, too
    state.estimate[at] = holds ? state.estimate[at] + state.residual[at] : 0;
    state.total[at] = holds ? result : 0;
  }
  clear_residual(state, sum, count, kernels);
}

// Source: Seide et al., Interspeech 2014; Stich et al., NeurIPS 2018.
constinit const ErrorFeedback ef14{
    .name = "ef14",
    .summary = "what was not sent is added to the next gradient",
    .keeps_mass = true,
    .on_device = true,
    .reset = reset_residual,
    .begin = leave_pending,
    .finish = keep_sum,
    .realign = keep_all,
    .settle = clear_residual,
};

// Source: Richtarik, Sokolov and Fatkhullin, NeurIPS 2021 (arXiv 2106.05203).
constinit const ErrorFeedback ef21{
    .name = "ef21",
    .summary =
        "ranks send the change of an estimate of their gradient; the result is the sum of the estimates",
    .keeps_mass = true,
    .on_device = false,
    .reset = ef21_reset,
    .begin = ef21_begin,
    .finish = ef21_finish,
    .realign = ef21_realign,
    .settle = ef21_settle,
};

constinit const ErrorFeedback none{
    .name = "none",
    .summary = "what was not sent is lost",
    .keeps_mass = false,
    .on_device = true,
    .reset = reset_residual,
    .begin = leave_pending,
    .finish = none_finish,
    .realign = clear_all,
    .settle = clear_residual,
};

constexpr std::array<const ErrorFeedback*, 3> kAll = {&ef14, &ef21, &none};

}  // namespace

FeedbackState::FeedbackState(const FeedbackState& other)
    : residual(other.residual), estimate(other.estimate), total(other.total), outstanding(other.outstanding) {
  if (other.on_device == nullptr) return;
  residual.resize(static_cast<std::size_t>(other.on_device->count()));
  other.on_device->get(residual);
}

std::span<const ErrorFeedback* const> error_feedbacks() {
  return kAll;
}

const ErrorFeedback& find_error_feedback(std::string_view name) {
  const auto found =
      std::find_if(kAll.begin(), kAll.end(), [&](const ErrorFeedback* e) { return e->name == name; });
  if (found != kAll.end()) return **found;
  std::string names;
  for (const ErrorFeedback* e : kAll) names.append(names.empty() ? "" : ", ").append(e->name);
  throw Error(ErrorClass::info_value, quoted("pliant_error_feedback", name), "must be one of " + names,
              "Correct it; ef14 loses nothing");
}

}  // namespace pliant

// A selection on the executed device, for comparison with a kernel table.
#pragma once

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "kernels/gain_curve.hpp"
#include "tests/cuda/executed_device.hpp"
#include "tests/cuda/tally.hpp"
#include "tests/kernels/selection.hpp"

namespace pliant::test {

/// Variants of a call.
struct DeviceManner {
  bool take = true;
  std::size_t gradient_offset = 0;             ///< elements beyond a multiple of 16 bytes
  std::optional<cuda::Thresholds> thresholds;  ///< used instead of the sample's
  bool count_magnitudes = false;
  int times = 1;  ///< calls in the same memory, which is reset only before the first
};

/// Device memory, uninitialised, with a guard at its end.
class DeviceMemory {
 public:
  explicit DeviceMemory(std::size_t bytes) : storage_(bytes / 16 + kGuards) {
    std::memset(storage_.data(), 0xab, storage_.size() * 16);
  }
  void* data() { return storage_.data(); }
  bool guard_is_whole() const {
    const auto* const at =
        reinterpret_cast<const unsigned char*>(storage_.data() + storage_.size() - kGuards);
    for (std::size_t i = 0; i < 16 * kGuards; ++i)
      if (at[i] != 0xab) return false;
    return true;
  }

 private:
  struct alignas(16) Sixteen {
    unsigned char bytes[16];
  };
  static constexpr std::size_t kGuards = 16;

  std::vector<Sixteen> storage_;
};

/// Outputs [count] and [kept], between guards.
struct SelectOutputs {
  Unaligned<std::uint32_t> indices;
  Unaligned<float> values;
  std::vector<std::uint32_t> magnitudes;

  explicit SelectOutputs(std::int64_t kept)
      : indices(std::vector<std::uint32_t>(static_cast<std::size_t>(kept)), 4),
        values(std::vector<float>(static_cast<std::size_t>(kept)), 4),
        magnitudes(static_cast<std::size_t>(kBuckets<float>), 77) {}
};

inline std::string wrong_magnitudes(const Problem<float>& problem, const std::vector<std::uint32_t>& found) {
  const std::vector<float> fed = problem.fed();
  std::vector<std::uint32_t> expected(found.size());
  count_magnitudes(fed.data(), static_cast<std::int64_t>(fed.size()), expected.data());
  return found == expected ? "" : "magnitudes miscounted; ";
}

/// Runs one selection; appends problems to `trouble`.
inline Answer<float> ask_device(Device& device, const cuda::SelectMemory& memory,
                                const Problem<float>& problem, std::int64_t kept, const DeviceManner& manner,
                                std::string& trouble) {
  constexpr std::size_t kAligned = 4;
  Unaligned<float> residual(problem.residual, kAligned);
  Unaligned<float> gradient(problem.gradient, kAligned + manner.gradient_offset);
  SelectOutputs out(kept);
  cuda::SelectTask task;
  task.residual = residual.data();
  task.gradient = problem.gradient.empty() ? nullptr : gradient.data();
  task.count = static_cast<std::int64_t>(problem.residual.size());
  task.kept = kept;
  task.take = manner.take;
  task.keep_thresholds = manner.thresholds.has_value();
  task.indices = out.indices.data();
  task.values = out.values.data();
  if (manner.count_magnitudes) task.magnitudes = out.magnitudes.data();
  if (manner.thresholds) memory.state->thresholds = *manner.thresholds;
  const cuda::Launcher launcher = device.launcher();
  if (cuda::enqueue_select(launcher, memory, task, device.stream()) != 0 ||
      cuda::enqueue_select_norms(launcher, memory, task, device.stream()) != 0)
    trouble += device.trouble + "; ";
  device.trouble.clear();
  if (first_difference(gradient.copy(), problem.gradient) != -1) trouble += "the gradient was changed; ";
  for (const Unaligned<float>* floats : {&residual, &gradient, &out.values})
    if (!floats->surroundings_are_whole()) trouble += "written beyond the vectors; ";
  if (!out.indices.surroundings_are_whole()) trouble += "written beyond the indices; ";
  if (manner.count_magnitudes) trouble += wrong_magnitudes(problem, out.magnitudes);
  const cuda::DeviceSelection& found = *memory.selection;
  return {out.indices.copy(),
          out.values.copy(),
          residual.copy(),
          {found.sent_squared, found.total_squared, static_cast<std::int64_t>(found.nonfinite)}};
}

/// Runs one selection under the next schedules. Returns the problem, or an empty text.
inline std::string device_trouble(Device& device, const Problem<float>& problem, std::int64_t kept,
                                  const DeviceManner& manner, const Answer<float>& right) {
  const auto count = static_cast<std::int64_t>(problem.residual.size());
  DeviceMemory storage(cuda::divide_memory(nullptr, count, kept).bytes);
  const cuda::SelectMemory memory = cuda::divide_memory(storage.data(), count, kept);
  std::string trouble;
  for (int time = 0; time < manner.times && trouble.empty(); ++time) {
    device.next_schedule();
    if (time == 0) cuda::enqueue_reset(device.launcher(), memory, device.stream());
    const Answer<float> answer = ask_device(device, memory, problem, kept, manner, trouble);
    ++tally().problems;
    trouble += difference(answer, right);
    if (!storage.guard_is_whole()) trouble += "written beyond the memory; ";
    if (!trouble.empty())
      trouble += "(blocks " + std::to_string(device.schedule.blocks) + ", order " +
                 std::to_string(static_cast<int>(device.schedule.order)) + ", seed " +
                 std::to_string(device.schedule.seed) + ", time " + std::to_string(time) + ")";
  }
  return trouble;
}

/// The scalar table's answer.
inline Answer<float> scalar_answer(const Problem<float>& problem, std::int64_t kept, bool take) {
  SelectWorkspace workspace;
  std::string trouble;
  return table_answer(scalar_kernels, workspace, problem, kept, {.take = take}, trouble);
}

inline std::string device_trouble(Device& device, const Problem<float>& problem, std::int64_t kept,
                                  const DeviceManner& manner = {}) {
  return device_trouble(device, problem, kept, manner, scalar_answer(problem, kept, manner.take));
}

}  // namespace pliant::test

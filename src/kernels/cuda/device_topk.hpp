// Selections, and the loops around them, on a device. Each call enqueues kernels on a stream, and waits for
// nothing.
//
// All answers equal those of scalar_kernels, bit for bit. Pointers are device pointers. Every function
// returns the first nonzero CUDA code. Nothing is allocated or read back, so all calls may be captured in a
// graph.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/cuda/calls.hpp"

namespace pliant::cuda {

/// The kernels of a device. Grids are at most as large as the device holds at once.
struct Launcher {
  const Calls* calls = nullptr;
  std::array<unsigned, kKernels> resident{};  ///< blocks
};
int make_launcher(const Calls& calls, Launcher& launcher);

/// Memory for the selections of one stream, one at a time, and for norms. It is one allocation, divided into
/// arrays. kernel_list.hpp describes the arrays.
struct SelectMemory {
  std::int64_t count = 0;  ///< largest number of elements
  std::int64_t kept = 0;   ///< largest number of picks
  SelectState* state = nullptr;
  DeviceSelection* selection = nullptr;  ///< result of the last call, to be copied back
  float* sample = nullptr;
  std::uint32_t* histogram = nullptr;
  std::uint32_t* pool_indices = nullptr;
  float* pool_values = nullptr;
  std::uint32_t* offsets = nullptr;
  std::uint32_t* hits = nullptr;
  std::uint32_t* first = nullptr;
  std::uint32_t* ties = nullptr;
  double* squares = nullptr;       ///< of the residual's tiles
  double* sent_squares = nullptr;  ///< of the values' tiles
  std::size_t bytes = 0;           ///< of the allocation
};

/// Largest number of elements of one selection.
inline constexpr std::int64_t kMostElements = (std::int64_t{1} << 32) - 1;

/// Divides memory for selections of `kept` of up to `count` elements (<= kMostElements). `memory` needs at
/// least `bytes` of the result, a multiple of 256. Pass null to learn how many.
SelectMemory divide_memory(void* memory, std::int64_t count, std::int64_t kept);
/// Call once before the first selection, and again after a kernel has failed.
int enqueue_reset(const Launcher& launcher, const SelectMemory& memory, Stream stream);

/// One selection with error feedback: SelectCall of kernels.hpp.
struct SelectTask {
  float* residual = nullptr;         ///< [count], aligned to 16 bytes
  const float* gradient = nullptr;   ///< [count], of any alignment; null: `residual` is error-fed already
  std::int64_t count = 0;            ///< at most that of the memory
  std::int64_t kept = 0;             ///< at most that of the memory, and at most count
  bool take = true;                  ///< false: selected elements also stay in `residual`
  bool keep_thresholds = false;      ///< use the state's thresholds of an earlier step, without a sample
  std::uint32_t* indices = nullptr;  ///< [kept] out, ascending
  float* values = nullptr;           ///< [kept] out
  std::uint32_t* magnitudes =
      nullptr;  ///< [kBins] out, not null: how many have each magnitude (gain_curve.hpp)
};
/// Selects. enqueue_select_norms() computes the norms afterwards; nothing else depends on them.
int enqueue_select(const Launcher& launcher, const SelectMemory& memory, const SelectTask& task,
                   Stream stream);
/// Computes the memory's `selection` for the last enqueued task. Call it before the next task, and before the
/// task's values change. Another stream may run it, after an event.
int enqueue_select_norms(const Launcher& launcher, const SelectMemory& memory, const SelectTask& task,
                         Stream stream);

/// residual += gradient, both [count]. Here and below, any alignment is allowed unless said otherwise. Loops
/// with a norm store it in selection->total_squared of the memory, for up to its `count` elements.
/// enqueue_take uses sent_squared and `kept`.
int enqueue_accumulate(const Launcher& launcher, const SelectMemory& memory, float* residual,
                       const float* gradient, std::int64_t count, Stream stream);
/// result = residual + gradient, residual = +0; result may be gradient.
struct DrainTask {
  float* result = nullptr;
  const float* gradient = nullptr;
  float* residual = nullptr;
  std::int64_t count = 0;
};
int enqueue_drain(const Launcher& launcher, const SelectMemory& memory, const DrainTask& task, Stream stream);

/// Values of selected elements. All indices must differ.
struct MoveTask {
  float* vector = nullptr;
  const std::uint32_t* indices = nullptr;  ///< [kept]
  float* values = nullptr;                 ///< [kept]
  std::int64_t kept = 0;
};
/// values[j] = vector[indices[j]].
int enqueue_gather(const Launcher& launcher, const MoveTask& task, Stream stream);
/// values[j] = vector[indices[j]], vector[indices[j]] = +0.
int enqueue_take(const Launcher& launcher, const MoveTask& task, Stream stream);
/// Computes sent_squared and nonfinite of values that were taken.
int enqueue_take_norms(const Launcher& launcher, const SelectMemory& memory, const MoveTask& task,
                       Stream stream);
/// vector[indices[j]] += values[j].
int enqueue_scatter_add(const Launcher& launcher, const MoveTask& task, Stream stream);

}  // namespace pliant::cuda

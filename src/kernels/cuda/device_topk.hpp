// Selections and the loops around them on a device: each call puts kernels on a stream, and waits for
// nothing.
//
// All answers are those of scalar_kernels, bit for bit. Pointers are the device's; every function returns the
// first code of CUDA that is not 0. No memory is allocated, and nothing is read back, so that all of it may
// be captured in a graph.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/element_type.hpp"
#include "kernels/cuda/calls.hpp"

namespace pliant::cuda {

/// A device's kernels. Grids are no larger than what the device holds at once.
struct Launcher {
  const Calls* calls = nullptr;
  std::array<unsigned, kKernels> resident{};  ///< blocks
};
int make_launcher(const Calls& calls, Launcher& launcher);

/// Memory of the selections of one stream, one at a time, and of the norms: one allocation, divided. What the
/// members point at is described in kernel_list.hpp.
struct SelectMemory {
  std::int64_t count = 0;  ///< most elements
  std::int64_t kept = 0;   ///< most picks
  SelectState* state = nullptr;
  DeviceSelection* selection = nullptr;  ///< of the last call; to be copied back
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

/// Most elements of one selection.
inline constexpr std::int64_t kMostElements = (std::int64_t{1} << 32) - 1;

/// For up to `count` elements (<= kMostElements), `kept` of them selected. `memory`: at least `bytes` of the
/// result, a multiple of 256; null to learn how many.
SelectMemory divide_memory(void* memory, std::int64_t count, std::int64_t kept);
/// Once, before the first selection, and after a kernel has failed.
int enqueue_reset(const Launcher& launcher, const SelectMemory& memory, Stream stream);

/// One selection with error feedback: SelectCall of kernels.hpp.
struct SelectTask {
  float* residual = nullptr;        ///< [count], a multiple of 16 bytes
  const float* gradient = nullptr;  ///< [count], of any alignment; null: `residual` is error-fed already
  std::int64_t count = 0;           ///< at most the memory's
  std::int64_t kept = 0;            ///< at most the memory's, and count
  bool take = true;                 ///< false: what is selected stays in `residual` too
  bool keep_thresholds = false;     ///< no sample: the thresholds that are in the state, from an earlier step
  std::uint32_t* indices = nullptr;  ///< [kept] out, ascending
  float* values = nullptr;           ///< [kept] out
  std::uint32_t* magnitudes =
      nullptr;  ///< [kBins] out, not null: how many have each magnitude (gain_curve.hpp)
};
/// The picks, and what is left. The norms follow with enqueue_select_norms(), on which nothing else waits.
int enqueue_select(const Launcher& launcher, const SelectMemory& memory, const SelectTask& task,
                   Stream stream);
/// The memory's `selection`, of the task that was enqueued last; before the next one, and before its values
/// change. Another stream may do it, behind an event.
int enqueue_select_norms(const Launcher& launcher, const SelectMemory& memory, const SelectTask& task,
                         Stream stream);

/// residual += gradient. Both [count]; here and below, any alignment unless said. Those that leave a norm put
/// it into the memory's selection->total_squared (sent_squared for take), for up to its `count` (`kept`).
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
int enqueue_squared_norm(const Launcher& launcher, const SelectMemory& memory, const float* values,
                         std::int64_t count, Stream stream);

/// Values of chosen elements; indices differ from each other.
struct MoveTask {
  float* vector = nullptr;
  const std::uint32_t* indices = nullptr;  ///< [kept]
  float* values = nullptr;                 ///< [kept]
  std::int64_t kept = 0;
};
/// values[j] = vector[indices[j]].
int enqueue_gather(const Launcher& launcher, const MoveTask& task, Stream stream);
/// The same, and vector[indices[j]] = +0.
int enqueue_take(const Launcher& launcher, const MoveTask& task, Stream stream);
/// The sent_squared and nonfinite of values that were taken.
int enqueue_take_norms(const Launcher& launcher, const SelectMemory& memory, const MoveTask& task,
                       Stream stream);
/// vector[indices[j]] += values[j].
int enqueue_scatter_add(const Launcher& launcher, const MoveTask& task, Stream stream);

/// EF21's vectors (error_feedback.cpp), all [count].
struct Ef21Task {
  float* residual = nullptr;
  float* estimate = nullptr;
  float* total = nullptr;
  std::int64_t count = 0;
};
/// residual = gradient - estimate, estimate = gradient; leaves the residual's norm.
int enqueue_ef21_begin(const Launcher& launcher, const SelectMemory& memory, const Ef21Task& task,
                       const float* gradient, Stream stream);
/// estimate -= residual; total += sum, sum = total.
int enqueue_ef21_finish(const Launcher& launcher, const Ef21Task& task, float* sum, Stream stream);
/// estimate += residual; total += sum; residual = +0.
int enqueue_ef21_settle(const Launcher& launcher, const Ef21Task& task, const float* sum, Stream stream);

/// into[i] = op(into[i], from[i]).
struct ReduceTask {
  ElementType type = ElementType::float32;
  ReduceOp op = ReduceOp::sum;
  void* into = nullptr;
  const void* from = nullptr;
  std::int64_t count = 0;
};
int enqueue_reduce(const Launcher& launcher, const ReduceTask& task, Stream stream);

/// Memory for packing and unpacking, as SelectMemory.
struct PackMemory {
  std::int64_t kept = 0;  ///< most indices
  PackReport* report = nullptr;
  std::uint32_t* ticket = nullptr;
  std::uint64_t* places = nullptr;
  std::uint64_t* sums = nullptr;
  std::size_t bytes = 0;
};
PackMemory divide_pack_memory(void* memory, std::int64_t kept);
int enqueue_pack_reset(const Launcher& launcher, const PackMemory& memory, Stream stream);

struct PackTask {
  std::uint32_t* indices = nullptr;  ///< [kept] ascending
  std::int64_t count = 0;            ///< every index is below
  std::int64_t kept = 0;             ///< at most the memory's
  void* packed = nullptr;            ///< for packing: index_block's max_bytes(count, kept)
  std::int64_t bytes = 0;            ///< to unpack
};
/// index_block.cpp's encode(); report->bytes says how many there are.
int enqueue_pack(const Launcher& launcher, const PackMemory& memory, const PackTask& task, Stream stream);
/// Its decode(); report->refusal says what is wrong. Nothing is written beyond [kept] whatever the bytes are;
/// refused bytes leave indices of no meaning.
int enqueue_unpack(const Launcher& launcher, const PackMemory& memory, const PackTask& task, Stream stream);

}  // namespace pliant::cuda

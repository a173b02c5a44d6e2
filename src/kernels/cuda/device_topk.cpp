#include "kernels/cuda/device_topk.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "kernels/gain_curve.hpp"
#include "kernels/kernels.hpp"

namespace pliant::cuda {
namespace {

static_assert(kTile == kSquaresBlock);
static_assert(kBins == kBuckets<float>);

/// The pool has room for twice the wanted candidates and this many more (as in streaming_topk.cpp).
constexpr std::int64_t kSpareCandidates = 65536;
/// Parameters of the samples; guess.cpp explains them.
constexpr std::int64_t kWhole = 1024;
constexpr std::int64_t kElementsPerStratum = 64;
constexpr std::int64_t kLeastStrata = 256;

constexpr std::int64_t tiles_of(std::int64_t count) {
  return (count + kTile - 1) / kTile;
}

std::int64_t capacity_of(std::int64_t count, std::int64_t kept) {
  return std::min(count, 2 * kept + kSpareCandidates);
}

std::int64_t strata_of(std::int64_t count, std::int64_t kept) {
  if (count <= kWhole) return count / kNeighbours;
  constexpr double kFactor = 2.0 / kNeighbours;
  const double wanted = kFactor * std::cbrt(static_cast<double>(count) * static_cast<double>(kept));
  return std::min(std::clamp(static_cast<std::int64_t>(wanted), kLeastStrata, std::int64_t{kMostStrata}),
                  count / kElementsPerStratum);
}

/// Divides an allocation into arrays, each aligned to 256 bytes. Only counts bytes if there is no allocation.
class Divider {
 public:
  explicit Divider(void* memory) : memory_(static_cast<std::byte*>(memory)) {}
  template <class T>
  T* cut(std::int64_t items) {
    std::byte* const at = memory_ == nullptr ? nullptr : memory_ + bytes_;
    constexpr std::size_t kAlign = 256;
    bytes_ += (static_cast<std::size_t>(items) * sizeof(T) + kAlign - 1) / kAlign * kAlign;
    return reinterpret_cast<T*>(at);
  }
  std::size_t bytes() const { return bytes_; }

 private:
  std::byte* memory_;
  std::size_t bytes_ = 0;
};

/// Enqueues calls on a stream, up to the first that fails.
class Queue {
 public:
  Queue(const Launcher& launcher, Stream stream) : launcher_(launcher), stream_(stream) {}

  /// `blocks` is the number that would keep all threads busy; fewer are launched if the device holds fewer.
  template <class Arguments>
  void launch(Kernel kernel, std::int64_t blocks, const Arguments& arguments) {
    static_assert(std::has_unique_object_representations_v<Arguments>, "no padding");
    if (code_ != 0) return;
    const std::int64_t resident = launcher_.resident[static_cast<std::size_t>(kernel)];
    const auto grid =
        static_cast<unsigned>(std::clamp<std::int64_t>(blocks, 1, std::max<std::int64_t>(1, resident)));
    code_ = launcher_.calls->launch_kernel(kernel, grid, &arguments, stream_);
  }
  void clear(void* memory, std::int64_t bytes) {
    if (code_ == 0 && bytes > 0)
      code_ = launcher_.calls->memset_async(memory, 0, static_cast<std::size_t>(bytes), stream_);
  }
  int code() const { return code_; }

 private:
  const Launcher& launcher_;
  Stream stream_;
  int code_ = 0;
};

/// Number of blocks for a loop over elements, with several elements per thread.
std::int64_t blocks_for(std::int64_t elements) {
  constexpr std::int64_t kEachThread = 4;
  return (elements + kBlockThreads * kEachThread - 1) / (kBlockThreads * kEachThread);
}
/// Number of blocks for a loop with one item per warp.
std::int64_t blocks_for_warps(std::int64_t items) {
  constexpr std::int64_t kBlockWarps = kBlockThreads / 32;
  return (items + kBlockWarps - 1) / kBlockWarps;
}

/// Sums the norms of `total` elements and of `sent` values, whose tiles have been squared.
void add_totals(Queue& queue, const SelectMemory& memory, std::int64_t total, std::int64_t sent) {
  queue.launch(
      Kernel::totals, 1,
      TotalsArguments{memory.squares, memory.sent_squares, static_cast<std::uint32_t>(tiles_of(total)),
                      static_cast<std::uint32_t>(tiles_of(sent)), memory.state, memory.selection});
}

/// Computes the norm of the selected values.
void square_values(Queue& queue, const SelectMemory& memory, const float* values, std::int64_t kept) {
  if (kept == 0) return;
  queue.launch(Kernel::norm, blocks_for_warps((tiles_of(kept) + 1) / 2),
               NormArguments{values, kept, memory.sent_squares, &memory.state->nonfinite});
}

/// Runs a loop that also computes a norm.
int feed(const Launcher& launcher, const SelectMemory& memory, Kernel kernel, const FeedArguments& arguments,
         Stream stream) {
  Queue queue(launcher, stream);
  if (arguments.count > 0) queue.launch(kernel, tiles_of(arguments.count), arguments);
  add_totals(queue, memory, arguments.count, 0);
  return queue.code();
}

int move(const Launcher& launcher, Kernel kernel, const MoveTask& task, Stream stream) {
  Queue queue(launcher, stream);
  if (task.kept > 0)
    queue.launch(kernel, blocks_for(task.kept),
                 MoveArguments{task.vector, task.indices, task.values, task.kept});
  return queue.code();
}

SelectArguments arguments_of(const SelectMemory& memory, const SelectTask& task) {
  SelectArguments a{};
  a.residual = task.residual;
  a.gradient = task.gradient;
  a.count = static_cast<std::uint32_t>(task.count);
  a.kept = static_cast<std::uint32_t>(task.kept);
  a.capacity = static_cast<std::uint32_t>(capacity_of(task.count, task.kept));
  a.take = task.take ? 1 : 0;
  a.aim = task.kept == 0 ? Aim::nothing : Aim::guess;
  a.state = memory.state;
  a.pool_indices = memory.pool_indices;
  a.pool_values = memory.pool_values;
  a.offsets = memory.offsets;
  a.hits = memory.hits;
  a.first = memory.first;
  a.ties = memory.ties;
  a.squares = memory.squares;
  a.histogram = memory.histogram;
  a.magnitudes = task.magnitudes;
  a.indices = task.indices;
  a.values = task.values;
  return a;
}

/// Puts thresholds into the state, unless they are kept or there are too few elements to sample.
void guess(Queue& queue, const SelectMemory& memory, const SelectTask& task, SelectArguments& arguments) {
  if (task.kept == 0 || task.keep_thresholds) return;
  const std::int64_t strata = strata_of(task.count, task.kept);
  if (strata == 0) {
    arguments.aim = Aim::everything;
    return;
  }
  const std::int64_t size = strata * kNeighbours;
  const double share = static_cast<double>(task.kept) / static_cast<double>(task.count);
  const double rank =
      std::clamp(std::ceil(share * static_cast<double>(size)), 1.0, static_cast<double>(size));
  queue.launch(
      Kernel::sample, (size + kBlockThreads - 1) / kBlockThreads,
      SampleArguments{task.residual, task.gradient, arguments.count, static_cast<std::uint32_t>(strata),
                      static_cast<std::uint32_t>(rank), 0, memory.state, memory.sample, memory.histogram});
}

}  // namespace

int make_launcher(const Calls& calls, Launcher& launcher) {
  launcher.calls = &calls;
  for (std::size_t i = 0; i < kKernels; ++i) {
    const int code = calls.resident_blocks(static_cast<Kernel>(i), &launcher.resident[i]);
    if (code != 0) return code;
  }
  return 0;
}

SelectMemory divide_memory(void* memory, std::int64_t count, std::int64_t kept) {
  Divider divider(memory);
  SelectMemory m;
  m.count = count;
  m.kept = kept;
  const std::int64_t capacity = capacity_of(count, kept);
  m.state = divider.cut<SelectState>(1);
  m.histogram = divider.cut<std::uint32_t>(kBins);
  m.selection = divider.cut<DeviceSelection>(1);
  m.sample = divider.cut<float>(std::int64_t{kMostStrata} * kNeighbours);
  m.pool_indices = divider.cut<std::uint32_t>(capacity);
  m.pool_values = divider.cut<float>(capacity);
  m.offsets = divider.cut<std::uint32_t>(tiles_of(count));
  m.hits = divider.cut<std::uint32_t>(tiles_of(count));
  m.first = divider.cut<std::uint32_t>(tiles_of(count));
  m.ties = divider.cut<std::uint32_t>(tiles_of(count));
  m.squares = divider.cut<double>(tiles_of(count));
  m.sent_squares = divider.cut<double>(tiles_of(kept));
  m.bytes = divider.bytes();
  return m;
}

int enqueue_reset(const Launcher& launcher, const SelectMemory& memory, Stream stream) {
  Queue queue(launcher, stream);
  queue.clear(memory.state, sizeof(SelectState));
  queue.clear(memory.histogram, kBins * sizeof(std::uint32_t));
  return queue.code();
}

int enqueue_select(const Launcher& launcher, const SelectMemory& memory, const SelectTask& task,
                   Stream stream) {
  Queue queue(launcher, stream);
  SelectArguments arguments = arguments_of(memory, task);
  if (task.magnitudes != nullptr) queue.clear(task.magnitudes, kBins * sizeof(std::uint32_t));
  if (task.count == 0) return queue.code();
  const std::int64_t tiles = tiles_of(task.count);
  guess(queue, memory, task, arguments);
  queue.launch(task.magnitudes == nullptr ? Kernel::stream : Kernel::stream_counting, tiles, arguments);
  if (task.kept == 0) return queue.code();
  // After a good guess, the elements to narrow fit into the pool.
  for (; arguments.pass < kPasses; ++arguments.pass)
    queue.launch(Kernel::narrow, tiles_of(arguments.capacity), arguments);
  queue.launch(Kernel::share, blocks_for_warps(tiles), arguments);
  queue.launch(Kernel::emit, blocks_for_warps(tiles), arguments);
  return queue.code();
}

int enqueue_select_norms(const Launcher& launcher, const SelectMemory& memory, const SelectTask& task,
                         Stream stream) {
  Queue queue(launcher, stream);
  square_values(queue, memory, task.values, task.kept);
  add_totals(queue, memory, task.count, task.kept);
  return queue.code();
}

int enqueue_accumulate(const Launcher& launcher, const SelectMemory& memory, float* residual,
                       const float* gradient, std::int64_t count, Stream stream) {
  return feed(launcher, memory, Kernel::accumulate, {residual, gradient, nullptr, count, memory.squares},
              stream);
}

int enqueue_drain(const Launcher& launcher, const SelectMemory& memory, const DrainTask& task,
                  Stream stream) {
  return feed(launcher, memory, Kernel::drain,
              {task.residual, task.gradient, task.result, task.count, memory.squares}, stream);
}

int enqueue_gather(const Launcher& launcher, const MoveTask& task, Stream stream) {
  return move(launcher, Kernel::gather, task, stream);
}

int enqueue_take(const Launcher& launcher, const MoveTask& task, Stream stream) {
  return move(launcher, Kernel::take, task, stream);
}

int enqueue_take_norms(const Launcher& launcher, const SelectMemory& memory, const MoveTask& task,
                       Stream stream) {
  Queue queue(launcher, stream);
  square_values(queue, memory, task.values, task.kept);
  add_totals(queue, memory, 0, task.kept);
  return queue.code();
}

int enqueue_scatter_add(const Launcher& launcher, const MoveTask& task, Stream stream) {
  return move(launcher, Kernel::scatter_add, task, stream);
}

}  // namespace pliant::cuda

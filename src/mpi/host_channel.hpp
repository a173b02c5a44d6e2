// Synchronises the ranks of one host through shared memory, without MPI calls.
//
// A `HostChannel` is an endless sequence of steps. All ranks take them in order, whatever operation a step
// belongs to. Each rank publishes a count of its finished steps. The counts only grow, so nothing is ever
// reset, and a rank may be ahead.
//
// A step has slots of its own, which the step kSlots later reuses. Before a rank writes into a slot, it waits
// until the others have finished with the old contents. A rank writes only into slots of its own part, and
// writes them first, so their pages are in the memory of its own NUMA node.
//
// Beside its count a rank writes a mark of its reduction's length, so that ranks detect different lengths.
//
// Even and odd steps have separate counts, each at the head of a pair of cache lines, which processors fetch
// together. Short data follows the count directly: a rank that sees the count already has the data in its
// cache.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <vector>

#include "core/task.hpp"

namespace pliant {

class HostChannel {
 public:
  static constexpr int kSlots = 2;
  /// Bytes of a head: a count and short data.
  static constexpr std::int64_t kHeadBytes = 128;
  static constexpr std::int64_t kShortBytes = kHeadBytes - static_cast<std::int64_t>(sizeof(std::int64_t));
  /// Bytes of shared memory per rank. Each step has one slot for the rank's input, and one for its results.
  static constexpr std::int64_t part_bytes(std::int64_t slot_bytes) {
    return kSlots * (kHeadBytes + 2 * slot_bytes);
  }

  /// parts: of all ranks of the host, each part_bytes() long, aligned to kHeadBytes. The own part must be
  /// zero.
  /// @param patience  number of polls before the rank yields its processor
  HostChannel(std::span<std::byte* const> parts, int own, std::int64_t slot_bytes, int patience);
  HostChannel(const HostChannel&) = delete;
  HostChannel& operator=(const HostChannel&) = delete;

  int own() const { return own_; }
  std::int64_t slot_bytes() const { return slot_bytes_; }
  int ranks() const { return static_cast<int>(parts_.size()); }
  /// Number of steps that this rank has finished, which is the number of the next one.
  std::int64_t step() const { return step_; }
  /// An operation of so many bytes begins with the next step.
  void begin(std::int64_t bytes);
  /// Publish this step: everything written before is visible to ranks that wait for it.
  void finish_step();

  /// [slot_bytes()] Input of a rank in a step.
  std::byte* brought(int rank, std::int64_t step) const { return slot(rank, step % kSlots); }
  /// [kShortBytes] Short input of a rank in a step, used instead of brought().
  std::byte* brought_short(int rank, std::int64_t step) const {
    return head(rank, step + 1) + kHeadBytes - kShortBytes;
  }
  std::byte* made(int rank, std::int64_t step) const { return slot(rank, kSlots + step % kSlots); }

  /// co_await: every rank has finished `steps` steps. Throws Error(argument) if one did so in an operation of
  /// another number of bytes.
  struct Finished;
  Finished all_finished(std::int64_t steps);
  /// co_await: that rank has finished `steps` steps. Throws as all_finished().
  Finished finished(int rank, std::int64_t steps);
  /// Throws the error that co_await would have thrown, for a caller that calls ready() itself.
  void check() const;

 private:
  /// Number of steps, and the mark of the operation's length in the lowest bits.
  using Count = std::atomic<std::int64_t>;
  static constexpr int kMarkBits = 16;  // leaves 47 bits for steps: a year of short calls
  static_assert(Count::is_always_lock_free, "a lock would not be shared between processes");

  std::byte* part(int rank) const { return parts_[static_cast<std::size_t>(rank)]; }
  /// Location of the count that tells whether `steps` are finished; steps >= 1 - kSlots. A rank that is ahead
  /// has a higher count there.
  std::byte* head(int rank, std::int64_t steps) const {
    return part(rank) + (steps + kSlots - 1) % kSlots * kHeadBytes;
  }
  Count& finished_count(int rank, std::int64_t steps) const {
    return *std::launder(reinterpret_cast<Count*>(head(rank, steps)));
  }
  std::byte* slot(int rank, std::int64_t index) const {
    return part(rank) + kSlots * kHeadBytes + index * slot_bytes_;
  }
  Finished awaited(std::int64_t steps, int first, int end);
  static bool ready(void* channel);

  std::vector<std::byte*> parts_;
  int own_;
  std::int64_t slot_bytes_;
  int patience_;
  std::int64_t step_ = 0;
  std::int64_t bytes_ = 0;  ///< of the current operation
  std::int64_t mark_ = 0;   ///< mark of bytes_
  std::int64_t begun_ = 0;  ///< steps before the current operation
  int unlike_ = -1;         ///< a rank with another mark; -1: none
  // The condition that the single waiting function waits for.
  std::int64_t awaited_ = 0;
  int looked_at_ = 0;
  int end_ = 0;
  int looks_ = 0;
};

struct HostChannel::Finished : Until {
  void await_resume() const { static_cast<const HostChannel*>(waiting.of)->check(); }
};

inline HostChannel::Finished HostChannel::all_finished(std::int64_t steps) {
  return awaited(steps, 0, ranks());
}
inline HostChannel::Finished HostChannel::finished(int rank, std::int64_t steps) {
  return awaited(steps, rank, rank + 1);
}

}  // namespace pliant

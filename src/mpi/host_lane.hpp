// How the ranks of one host keep in step through memory that they share, without a call of MPI.
//
// A lane is an endless row of steps that all of them take in order, whatever operation a step belongs to.
// Each rank counts the steps it has finished where the others see it; the counts only grow, so nothing is
// ever reset and a rank may be ahead. A step has slots of its own, which the step kSlots later uses again:
// before a rank writes into one it waits until the others have finished with what was there. A rank writes
// into slots of its own part alone, and does so first: their pages lie in the memory of its own NUMA node.
//
// Beside its count a rank writes a mark of the length that it reduces, so that ranks see where they disagree.
//
// There is a count for even steps and one for odd ones, each at the head of a pair of cache lines, which
// processors fetch together. What is short lies behind the count: who sees that it is there has it already.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <vector>

#include "core/task.hpp"

namespace pliant {

class HostLane {
 public:
  static constexpr int kSlots = 2;
  /// A head: a count and what is short.
  static constexpr std::int64_t kHeadBytes = 128;
  static constexpr std::int64_t kShortBytes = kHeadBytes - static_cast<std::int64_t>(sizeof(std::int64_t));
  /// [byte] of shared memory for each rank. A slot for what it brings, and one for what it makes of it.
  static constexpr std::int64_t part_bytes(std::int64_t slot_bytes) {
    return kSlots * (kHeadBytes + 2 * slot_bytes);
  }

  /// parts: of all ranks of the host, each part_bytes() at a multiple of kHeadBytes; the own one is zero.
  /// @param patience  how often to look before the processor is offered to others
  HostLane(std::span<std::byte* const> parts, int own, std::int64_t slot_bytes, int patience);
  HostLane(const HostLane&) = delete;
  HostLane& operator=(const HostLane&) = delete;

  int own() const { return own_; }
  std::int64_t slot_bytes() const { return slot_bytes_; }
  int ranks() const { return static_cast<int>(parts_.size()); }
  /// Steps this rank has finished: the number of the next one.
  std::int64_t step() const { return step_; }
  /// An operation on so many bytes begins with the next step.
  void begin(std::int64_t bytes);
  /// What was written before is there for all who wait for it.
  void finish_step();

  /// [slot_bytes()] of a step.
  std::byte* brought(int rank, std::int64_t step) const { return slot(rank, step % kSlots); }
  /// [kShortBytes] of it, instead of brought().
  std::byte* brought_short(int rank, std::int64_t step) const {
    return head(rank, step + 1) + kHeadBytes - kShortBytes;
  }
  std::byte* made(int rank, std::int64_t step) const { return slot(rank, kSlots + step % kSlots); }

  /// co_await: every rank has finished `steps` steps. Throws Error(argument) where one did so in an operation
  /// on another number of bytes.
  struct Finished;
  Finished all_finished(std::int64_t steps);
  /// co_await: that one has. Throws as all_finished().
  Finished finished(int rank, std::int64_t steps);
  /// Throws what co_await would have thrown, for a caller that asks ready() itself.
  void check() const;

 private:
  /// Steps, and in the lowest bits the mark of the operation's length.
  using Count = std::atomic<std::int64_t>;
  static constexpr int kMarkBits = 16;  // steps have 47: a year of short calls
  static_assert(Count::is_always_lock_free, "a lock would not be shared between processes");

  std::byte* part(int rank) const { return parts_[static_cast<std::size_t>(rank)]; }
  /// Where it is counted that `steps` are finished, steps >= 1 - kSlots. A rank that is ahead has a higher
  /// count there.
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
  static bool ready(void* lane);

  std::vector<std::byte*> parts_;
  int own_;
  std::int64_t slot_bytes_;
  int patience_;
  std::int64_t step_ = 0;
  std::int64_t bytes_ = 0;  ///< of the operation
  std::int64_t mark_ = 0;   ///< of its bytes
  std::int64_t begun_ = 0;  ///< steps before it
  int unlike_ = -1;         ///< a rank whose mark was another
  // What is waited for: by one function at a time.
  std::int64_t awaited_ = 0;
  int looked_at_ = 0;
  int end_ = 0;
  int looks_ = 0;
};

struct HostLane::Finished : Until {
  void await_resume() const { static_cast<const HostLane*>(waiting.of)->check(); }
};

inline HostLane::Finished HostLane::all_finished(std::int64_t steps) {
  return awaited(steps, 0, ranks());
}
inline HostLane::Finished HostLane::finished(int rank, std::int64_t steps) {
  return awaited(steps, rank, rank + 1);
}

}  // namespace pliant

// How the ranks of one host keep in step through memory that they share, without a call of MPI.
//
// A lane is an endless row of steps that all of them take in order, whatever operation a step belongs to.
// Each rank counts the steps it has finished where the others see it; the counts only grow, so nothing is
// ever reset and a rank may be ahead. A step has slots of its own, which the step kSlots later uses again:
// before a rank writes into one it waits until the others have finished with what was there.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/task.hpp"

namespace pliant {

class HostLane {
 public:
  static constexpr int kSlots = 2;
  static constexpr std::int64_t kSlotBytes = std::int64_t{128} << 10;
  /// A count lies alone in two cache lines, since processors fetch lines in pairs.
  static constexpr std::int64_t kCountBytes = 128;
  /// [byte] of shared memory for each rank. A slot for what it brings, and one for what it makes of it.
  static constexpr std::int64_t kPartBytes = kCountBytes + 2 * kSlots * kSlotBytes;

  /// parts: of all ranks of the host, each kPartBytes at a multiple of kCountBytes; the own one is zero.
  /// @param patience  how often to look before the processor is offered to others
  HostLane(std::span<std::byte* const> parts, int own, int patience);
  HostLane(const HostLane&) = delete;
  HostLane& operator=(const HostLane&) = delete;

  int own() const { return own_; }
  int ranks() const { return static_cast<int>(peers_.size()); }
  /// Steps this rank has finished: the number of the next one.
  std::int64_t step() const { return step_; }
  /// What was written before is there for all who wait for it.
  void finish_step();

  /// [kSlotBytes] of a step.
  std::byte* brought(int rank, std::int64_t step) const { return slot(rank, step % kSlots); }
  std::byte* made(int rank, std::int64_t step) const { return slot(rank, kSlots + step % kSlots); }

  /// co_await: every rank has finished `steps` steps.
  Until all_finished(std::int64_t steps) { return awaited(steps, 0, ranks()); }
  /// co_await: that one has.
  Until finished(int rank, std::int64_t steps) { return awaited(steps, rank, rank + 1); }

 private:
  using Count = std::atomic<std::int64_t>;
  static_assert(Count::is_always_lock_free, "a lock would not be shared between processes");

  struct Peer {
    Count* finished;
    std::byte* slots;
  };

  std::byte* slot(int rank, std::int64_t index) const {
    return peers_[static_cast<std::size_t>(rank)].slots + index * kSlotBytes;
  }
  Until awaited(std::int64_t steps, int first, int end);
  static bool ready(void* lane);

  std::vector<Peer> peers_;
  int own_;
  int patience_;
  std::int64_t step_ = 0;
  // What is waited for: by one function at a time.
  std::int64_t awaited_ = 0;
  int looked_at_ = 0;
  int end_ = 0;
  int looks_ = 0;
};

}  // namespace pliant

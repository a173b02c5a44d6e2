#include "mpi/host_channel.hpp"

#include <sched.h>

#include <string>

#include "core/error.hpp"
#include "core/recent_map.hpp"

namespace pliant {

HostChannel::HostChannel(std::span<std::byte* const> parts, int own, std::int64_t slot_bytes, int patience)
    : parts_(parts.begin(), parts.end()), own_(own), slot_bytes_(slot_bytes), patience_(patience) {
  for (int i = 0; i < kSlots; ++i) new (head(own_, i)) Count(0);
}

void HostChannel::begin(std::int64_t bytes) {
  begun_ = step_;
  if (bytes == bytes_) return;
  bytes_ = bytes;
  mark_ = static_cast<std::int64_t>(mixed_hash(static_cast<std::uint64_t>(bytes)) >> (64 - kMarkBits));
}

void HostChannel::finish_step() {
  ++step_;
  finished_count(own_, step_).store(step_ << kMarkBits | mark_, std::memory_order_release);
}

void HostChannel::check() const {
  if (unlike_ < 0) return;
  throw Error(ErrorClass::argument,
              "rank " + std::to_string(unlike_) + " of this host does not reduce " + std::to_string(bytes_) +
                  " bytes, as rank " + std::to_string(own_) + " of this host does",
              "every rank reduces the same, with the same settings",
              "Find the calls in both ranks; PLIANT_CHECK=1 looks at every operation");
}

HostChannel::Finished HostChannel::awaited(std::int64_t steps, int first, int end) {
  awaited_ = steps;
  looked_at_ = first;
  end_ = end;
  looks_ = 0;
  return {{{ready, nullptr, this}}};
}

// Yields the processor here, not where an operation blocks. So operations that wait for several things at
// once yield, too.
bool HostChannel::ready(void* channel) {
  auto& self = *static_cast<HostChannel*>(channel);
  for (; self.looked_at_ < self.end_; ++self.looked_at_) {
    const Count& count = self.finished_count(self.looked_at_, self.awaited_);
    const std::int64_t found = count.load(std::memory_order_acquire);
    const std::int64_t steps = found >> kMarkBits;
    if (steps >= self.awaited_) {
      const bool of_this_operation = steps == self.awaited_ && steps > self.begun_;
      if (of_this_operation && found != (steps << kMarkBits | self.mark_)) self.unlike_ = self.looked_at_;
      continue;
    }
    if (++self.looks_ > self.patience_) sched_yield();
    return false;
  }
  return true;
}

}  // namespace pliant

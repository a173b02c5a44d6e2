#include "mpi/host_lane.hpp"

#include <sched.h>

namespace pliant {

HostLane::HostLane(std::span<std::byte* const> parts, int own, std::int64_t slot_bytes, int patience)
    : parts_(parts.begin(), parts.end()), own_(own), slot_bytes_(slot_bytes), patience_(patience) {
  for (int i = 0; i < kSlots; ++i) new (head(own_, i)) Count(0);
}

void HostLane::finish_step() {
  ++step_;
  finished_count(own_, step_).store(step_, std::memory_order_release);
}

Until HostLane::awaited(std::int64_t steps, int first, int end) {
  awaited_ = steps;
  looked_at_ = first;
  end_ = end;
  looks_ = 0;
  return {{ready, nullptr, this}};
}

// Offering the processor here, and not where an operation blocks, serves operations that wait for several
// things at once, too.
bool HostLane::ready(void* lane) {
  auto& self = *static_cast<HostLane*>(lane);
  for (; self.looked_at_ < self.end_; ++self.looked_at_) {
    const Count& count = self.finished_count(self.looked_at_, self.awaited_);
    if (count.load(std::memory_order_acquire) >= self.awaited_) continue;
    if (++self.looks_ > self.patience_) sched_yield();
    return false;
  }
  return true;
}

}  // namespace pliant

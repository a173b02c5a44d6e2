#include "mpi/host_lane.hpp"

#include <sched.h>

#include <new>

namespace pliant {

HostLane::HostLane(std::span<std::byte* const> parts, int own, int patience)
    : own_(own), patience_(patience) {
  for (std::byte* part : parts)
    peers_.push_back({std::launder(reinterpret_cast<Count*>(part)), part + kCountBytes});
  new (parts[static_cast<std::size_t>(own)]) Count(0);
}

void HostLane::finish_step() {
  ++step_;
  peers_[static_cast<std::size_t>(own_)].finished->store(step_, std::memory_order_release);
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
    const Peer& peer = self.peers_[static_cast<std::size_t>(self.looked_at_)];
    if (peer.finished->load(std::memory_order_acquire) >= self.awaited_) continue;
    if (++self.looks_ > self.patience_) sched_yield();
    return false;
  }
  return true;
}

}  // namespace pliant

#include "mpi/host_lanes.hpp"

#include <algorithm>

#include "mpi/agree.hpp"
#include "mpi/check.hpp"

namespace pliant {
namespace {

std::vector<std::byte*> shifted(std::span<std::byte* const> parts, std::int64_t offset) {
  std::vector<std::byte*> moved(parts.begin(), parts.end());
  for (std::byte*& part : moved) part += offset;
  return moved;
}

}  // namespace

HostLanes::HostLanes(HostGroup& group, const Place& place)
    : group_(group),
      gathering_(shifted(place.parts, place.offset), place.own, place.slot_bytes, place.patience),
      spreading_(shifted(place.parts, place.offset + HostLane::part_bytes(place.slot_bytes)), place.own,
                 place.slot_bytes, place.patience) {}

HostLanes* LanePool::take(const Communicator& comm) {
  if (refused_) return nullptr;
  std::vector<double> taken;
  for (const Entry& entry : entries_) taken.push_back(entry.taken ? 1 : 0);
  taken.push_back(0);  // what is still to be added
  agree_max(comm, taken);
  const auto free = static_cast<std::size_t>(std::find(taken.begin(), taken.end(), 0) - taken.begin());
  if (free == entries_.size()) grow(comm);  // all ranks are here: MPI may block
  if (refused_) return nullptr;
  entries_[free].taken = true;
  return entries_[free].lanes.get();
}

void LanePool::grow(const Communicator& comm) {
  constexpr std::int64_t kBytes = HostLanes::part_bytes(HostLanes::kRequestSlotBytes);
  windows_.push_back(std::make_unique<SharedWindow>(host_.handle(), kLanesPerWindow * kBytes));
  SharedWindow& window = *windows_.back();
  refused_ = first_rank_where(comm, window.parts().empty()) >= 0;
  if (refused_) return window.abandon();
  for (int i = 0; i < kLanesPerWindow; ++i)
    entries_.push_back({std::make_unique<HostLanes>(
        group_, HostLanes::Place{window.parts(), i * kBytes, HostLanes::kRequestSlotBytes, host_.rank(),
                                 patience_})});
  // Nobody looks at a count before it is there.
  check(MPI_Barrier(host_.handle()), "MPI_Barrier");
}

void LanePool::give_back(const HostLanes& lanes, bool in_step) {
  for (Entry& entry : entries_)
    if (entry.lanes.get() == &lanes) entry.taken = !in_step;
}

}  // namespace pliant

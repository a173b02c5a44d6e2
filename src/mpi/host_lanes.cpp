#include "mpi/host_lanes.hpp"

#include <algorithm>

#include "mpi/agree.hpp"
#include "mpi/host_group.hpp"

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

HostLanes* LanePool::take() {
  if (refused_) return nullptr;
  std::vector<double> taken;
  for (const Entry& entry : entries_) taken.push_back(entry.taken ? 1 : 0);
  taken.push_back(0);  // what is still to be added
  agree_max(comm_, taken);
  const auto free = static_cast<std::size_t>(std::find(taken.begin(), taken.end(), 0) - taken.begin());
  if (free == entries_.size()) grow();
  if (refused_) return nullptr;
  entries_[free].taken = true;
  return entries_[free].lanes.get();
}

void LanePool::grow() {
  constexpr std::int64_t kBytes = HostLanes::part_bytes(HostLanes::kRequestSlotBytes);
  const std::size_t more = std::clamp(entries_.size(), std::size_t{1}, kMostLanesPerSegment);
  auto segment =
      std::make_unique<SharedSegment>(comm_, group_.layout(), more * static_cast<std::size_t>(kBytes));
  refused_ = segment->refused();
  if (refused_) return;
  for (std::size_t i = 0; i < more; ++i)
    entries_.push_back({std::make_unique<HostLanes>(
        group_, HostLanes::Place{segment->parts(), static_cast<std::int64_t>(i) * kBytes,
                                 HostLanes::kRequestSlotBytes, group_.local_rank(), patience_})});
  segments_.push_back(std::move(segment));
}

void LanePool::give_back(const HostLanes& lanes, bool in_step) {
  for (Entry& entry : entries_)
    if (entry.lanes.get() == &lanes) entry.taken = !in_step;
}

}  // namespace pliant

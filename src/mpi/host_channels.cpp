#include "mpi/host_channels.hpp"

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

HostChannels::HostChannels(HostGroup& group, const Place& place)
    : group_(group),
      gathering_(shifted(place.parts, place.offset), place.own, place.slot_bytes, place.patience),
      spreading_(shifted(place.parts, place.offset + HostChannel::part_bytes(place.slot_bytes)), place.own,
                 place.slot_bytes, place.patience) {}

HostChannels* ChannelPool::take() {
  if (refused_) return nullptr;
  std::vector<double> taken;
  for (const Entry& entry : entries_) taken.push_back(entry.taken ? 1 : 0);
  taken.push_back(0);  // stands for the channel that grow() would add
  agree_max(comm_, taken);
  const auto free = static_cast<std::size_t>(std::find(taken.begin(), taken.end(), 0) - taken.begin());
  if (free == entries_.size()) grow();
  if (refused_) return nullptr;
  entries_[free].taken = true;
  return entries_[free].channels.get();
}

void ChannelPool::grow() {
  constexpr std::int64_t kBytes = HostChannels::part_bytes(HostChannels::kRequestSlotBytes);
  const std::size_t more = std::clamp(entries_.size(), std::size_t{1}, kMostLanesPerSegment);
  auto segment =
      std::make_unique<SharedSegment>(comm_, group_.layout(), more * static_cast<std::size_t>(kBytes));
  refused_ = segment->refused();
  if (refused_) return;
  for (std::size_t i = 0; i < more; ++i)
    entries_.push_back({std::make_unique<HostChannels>(
        group_, HostChannels::Place{segment->parts(), static_cast<std::int64_t>(i) * kBytes,
                                    HostChannels::kRequestSlotBytes, group_.local_rank(), patience_})});
  segments_.push_back(std::move(segment));
}

void ChannelPool::give_back(const HostChannels& channels, bool in_step) {
  for (Entry& entry : entries_)
    if (entry.channels.get() == &channels) entry.taken = !in_step;
}

}  // namespace pliant

#include "mpi/host_group.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "mpi/agree.hpp"
#include "mpi/check.hpp"

namespace pliant {
namespace {

/// Number of polls before a rank yields its processor. They take some 10 us, longer than a computing rank is
/// late. With more ranks than processors, the awaited rank may need this processor, so do not poll.
int patience(int local_ranks) {
  constexpr int kLooks = 2000;
  return sysconf(_SC_NPROCESSORS_ONLN) >= local_ranks ? kLooks : 0;
}

/// For each rank, the lowest rank with which it can share memory.
std::vector<int> marks_of_hosts(const Communicator& comm) {
  const Communicator host = Communicator::on_this_host(comm);
  int lowest = comm.rank();
  check(MPI_Allreduce(MPI_IN_PLACE, &lowest, 1, MPI_INT, MPI_MIN, host.handle()), "MPI_Allreduce");
  std::vector<int> marks(static_cast<std::size_t>(comm.ranks()));
  check(MPI_Allgather(&lowest, 1, MPI_INT, marks.data(), 1, MPI_INT, comm.handle()), "MPI_Allgather");
  return marks;
}

/// Returns the localities of all ranks.
std::vector<Locality> gather_localities(const Communicator& comm) {
  const Locality locality = locality_of_process();
  const std::array<int, 2> own = {locality.package, locality.cache};
  std::vector<std::array<int, 2>> all(static_cast<std::size_t>(comm.ranks()));
  check(MPI_Allgather(own.data(), 2, MPI_INT, all.data(), 2, MPI_INT, comm.handle()), "MPI_Allgather");
  std::vector<Locality> localities;
  localities.reserve(all.size());
  for (const auto& [package, cache] : all) localities.push_back({package, cache});
  return localities;
}

HostLayout flat_layout(int ranks) {
  std::vector<int> marks(static_cast<std::size_t>(ranks));
  std::iota(marks.begin(), marks.end(), 0);
  return HostLayout(marks);
}

}  // namespace

HostLayout find_hosts(const Communicator& comm) {
  const std::vector<int> marks = marks_of_hosts(comm);
  HostLayout hosts(marks);
  return hosts.flat() ? hosts : HostLayout(marks, gather_localities(comm));
}

HostGroup::HostGroup(Communicator& comm) : HostGroup(comm, find_hosts(comm)) {}

HostGroup::HostGroup(Communicator& comm, std::span<const int> marks, std::span<const Locality> localities)
    : HostGroup(comm, HostLayout(marks, localities)) {}

HostGroup::HostGroup(Communicator& comm, HostLayout layout)
    : comm_(comm), layout_(std::move(layout)), rank_(comm.rank()) {
  const auto members = layout_.members(host());
  local_rank_ = static_cast<int>(std::find(members.begin(), members.end(), rank_) - members.begin());
}

HostChannels* HostGroup::channels_for(std::int64_t bytes) {
  if (layout_.flat()) return nullptr;
  const bool is_long = bytes > HostChannels::kShortSlotBytes;
  if (channels_ && (!is_long || channels_->slot_bytes() == HostChannels::kSlotBytes)) return &*channels_;
  if (refused_) return nullptr;
  make_channels(is_long ? HostChannels::kSlotBytes : HostChannels::kShortSlotBytes);
  return refused_ ? nullptr : &*channels_;
}

void HostGroup::make_channels(std::int64_t slot_bytes) {
  const auto bytes = static_cast<std::size_t>(HostChannels::part_bytes(slot_bytes));
  auto made = std::make_unique<SharedSegment>(comm_, layout_, bytes);
  refused_ = made->refused();
  if (refused_ && !channels_) {
    layout_ = flat_layout(comm_.ranks());
    local_rank_ = 0;
  }
  if (refused_) return;
  connect_leaders();
  // All ranks have arrived here, so none uses the previous host channel any more.
  segment_ = std::move(made);
  channels_.emplace(
      *this, HostChannels::Place{segment_->parts(), 0, slot_bytes, local_rank_, patience(local_ranks())});
}

void HostGroup::connect_leaders() {
  if (leaders_ || layout_.hosts() == 1) return;
  leaders_.emplace(Communicator::split(comm_, leads() ? 1 : 0));
  leaders_->count_for(comm_);
}

Communicator& HostGroup::leaders() {
  if (!leaders_) leaders_.emplace(Communicator::duplicate(MPI_COMM_SELF));  // used if there is only one host
  return *leaders_;
}

HostGroup::RequestChannels HostGroup::take_channels() {
  if (layout_.flat()) return {};
  connect_leaders();
  if (!request_channels_) request_channels_.emplace(*this, comm_, patience(local_ranks()));
  return RequestChannels(request_channels_->take());
}

}  // namespace pliant

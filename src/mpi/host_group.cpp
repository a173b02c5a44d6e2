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

/// Looks before the processor is offered to others: some 10 us, longer than a rank is late that computes.
/// Where there are more ranks than processors, what is waited for may need this one.
int patience(int local_ranks) {
  constexpr int kLooks = 2000;
  return sysconf(_SC_NPROCESSORS_ONLN) >= local_ranks ? kLooks : 0;
}

/// For each rank the lowest rank it can share memory with.
std::vector<int> marks_of_hosts(const Communicator& comm) {
  const Communicator host = Communicator::on_this_host(comm);
  int lowest = comm.rank();
  check(MPI_Allreduce(MPI_IN_PLACE, &lowest, 1, MPI_INT, MPI_MIN, host.handle()), "MPI_Allreduce");
  std::vector<int> marks(static_cast<std::size_t>(comm.ranks()));
  check(MPI_Allgather(&lowest, 1, MPI_INT, marks.data(), 1, MPI_INT, comm.handle()), "MPI_Allgather");
  return marks;
}

/// Of all ranks.
std::vector<Locality> gather_localities(const Communicator& comm) {
  const Locality locality = locality_of_process();
  const std::array<int, 2> own = {locality.package, locality.cache};
  std::vector<std::array<int, 2>> all(static_cast<std::size_t>(comm.ranks()));
  check(MPI_Allgather(own.data(), 2, MPI_INT, all.data(), 2, MPI_INT, comm.handle()), "MPI_Allgather");
  std::vector<Locality> localities;
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
  undivided_ = {0, local_ranks()};
}

HostLanes* HostGroup::lanes_for(std::int64_t bytes) {
  if (layout_.flat()) return nullptr;
  const bool is_long = bytes > HostLanes::kShortSlotBytes;
  if (lanes_ && (!is_long || lanes_->slot_bytes() == HostLanes::kSlotBytes)) return &*lanes_;
  if (refused_) return nullptr;
  make_lanes(is_long ? HostLanes::kSlotBytes : HostLanes::kShortSlotBytes);
  return refused_ ? nullptr : &*lanes_;
}

void HostGroup::make_lanes(std::int64_t slot_bytes) {
  const auto bytes = static_cast<std::size_t>(HostLanes::part_bytes(slot_bytes));
  auto made = std::make_unique<SharedSegment>(comm_, layout_, bytes);
  refused_ = made->refused();
  if (refused_ && !lanes_) {
    layout_ = flat_layout(comm_.ranks());
    local_rank_ = 0;
    undivided_ = {0, 1};
  }
  if (refused_) return;
  connect_leaders();
  // All ranks have come here, and so are done with the lanes before.
  segment_ = std::move(made);
  lanes_.emplace(*this,
                 HostLanes::Place{segment_->parts(), 0, slot_bytes, local_rank_, patience(local_ranks())});
}

void HostGroup::connect_leaders() {
  if (leaders_ || layout_.hosts() == 1) return;
  leaders_.emplace(Communicator::split(comm_, leads() ? 1 : 0));
  leaders_->count_for(comm_);
}

Communicator& HostGroup::leaders() {
  if (!leaders_) leaders_.emplace(Communicator::duplicate(MPI_COMM_SELF));  // of the only host
  return *leaders_;
}

HostGroup::RequestLanes HostGroup::take_lanes() {
  if (layout_.flat()) return {};
  connect_leaders();
  if (!request_lanes_) request_lanes_.emplace(*this, comm_, patience(local_ranks()));
  return RequestLanes(request_lanes_->take());
}

}  // namespace pliant

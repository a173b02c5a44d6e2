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
  undivided_ = {0, local_ranks()};
  if (layout_.flat()) return;
  share_memory();
  if (refused_) {
    layout_ = flat_layout(comm.ranks());
    undivided_ = {0, 1};
    return;
  }
  local_rank_ = local_->rank();
  leaders_.emplace(Communicator::split(comm, leads() ? 1 : 0));
  leaders_->count_for(comm);
}

void HostGroup::share_memory() {
  const auto members = layout_.members(host());
  const auto place = std::find(members.begin(), members.end(), rank_) - members.begin();
  local_.emplace(Communicator::split(comm_, host(), static_cast<int>(place)));
  window_.emplace(local_->handle(), HostLanes::part_bytes(HostLanes::kSlotBytes));
  refused_ = first_rank_where(comm_, window_->parts().empty()) >= 0;
  if (refused_) {
    window_->abandon();
    return;
  }
  const int looks = patience(local_->ranks());
  lanes_.emplace(*this, HostLanes::Place{window_->parts(), 0, HostLanes::kSlotBytes, local_->rank(), looks});
  request_lanes_.emplace(*this, *local_, looks);
  // Nobody looks at a count before it is there.
  check(MPI_Barrier(local_->handle()), "MPI_Barrier");
}

HostGroup::RequestLanes HostGroup::take_lanes() {
  return RequestLanes(request_lanes_ ? request_lanes_->take(comm_) : nullptr);
}

}  // namespace pliant

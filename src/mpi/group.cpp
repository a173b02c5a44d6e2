#include "mpi/group.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "mpi/check.hpp"

namespace pliant {
namespace {

class Group {
 public:
  explicit Group(const Communicator& comm) {
    check(MPI_Comm_group(comm.handle(), &group_), "MPI_Comm_group");
  }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  ~Group() { MPI_Group_free(&group_); }
  MPI_Group handle() const { return group_; }

 private:
  MPI_Group group_ = MPI_GROUP_NULL;
};

}  // namespace

bool is_part_of(const Communicator& part, const Communicator& whole) {
  const Group small(part);
  const Group large(whole);
  std::vector<int> ranks(static_cast<std::size_t>(part.ranks()));
  std::iota(ranks.begin(), ranks.end(), 0);
  std::vector<int> there(ranks.size());
  check(MPI_Group_translate_ranks(small.handle(), part.ranks(), ranks.data(), large.handle(), there.data()),
        "MPI_Group_translate_ranks");
  return std::find(there.begin(), there.end(), MPI_UNDEFINED) == there.end();
}

}  // namespace pliant

#include "mpi/agree.hpp"

#include <limits>

#include "mpi/check.hpp"

namespace pliant {

bool same_on_all_ranks(const Communicator& comm, std::string_view bytes) {
  const std::string of_root = share_from_root(comm, std::string(bytes));
  return first_rank_where(comm, of_root != bytes) < 0;
}

void agree_max(const Communicator& comm, std::span<double> values) {
  check(MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_DOUBLE, MPI_MAX,
                      comm.handle()),
        "MPI_Allreduce");
}

std::string share_from_root(const Communicator& comm, std::string text) {
  auto count = static_cast<unsigned long>(text.size());
  check(MPI_Bcast(&count, 1, MPI_UNSIGNED_LONG, 0, comm.handle()), "MPI_Bcast");
  text.resize(count);
  check(MPI_Bcast(text.data(), static_cast<int>(count), MPI_CHAR, 0, comm.handle()), "MPI_Bcast");
  return text;
}

int first_rank_where(const Communicator& comm, bool flag) {
  int rank = flag ? comm.rank() : std::numeric_limits<int>::max();
  check(MPI_Allreduce(MPI_IN_PLACE, &rank, 1, MPI_INT, MPI_MIN, comm.handle()), "MPI_Allreduce");
  return rank == std::numeric_limits<int>::max() ? -1 : rank;
}

}  // namespace pliant

#include "apps/support/hosts.hpp"

#include <array>

#include "apps/support/check.hpp"

namespace pliant::apps {

std::vector<std::string> host_names(MPI_Comm comm) {
  using Name = std::array<char, MPI_MAX_PROCESSOR_NAME>;
  Name mine{};
  int length = 0;
  int rank = 0;
  int ranks = 1;
  check(MPI_Get_processor_name(mine.data(), &length));
  check(MPI_Comm_rank(comm, &rank));
  check(MPI_Comm_size(comm, &ranks));
  std::vector<Name> all(rank == 0 ? static_cast<std::size_t>(ranks) : 0);
  check(MPI_Gather(mine.data(), MPI_MAX_PROCESSOR_NAME, MPI_CHAR, all.data(), MPI_MAX_PROCESSOR_NAME,
                   MPI_CHAR, 0, comm));
  std::vector<std::string> names;
  for (const Name& name : all) names.emplace_back(name.data());
  return names;
}

int rank_on_host(MPI_Comm comm) {
  MPI_Comm host = MPI_COMM_NULL;
  check(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host));
  int rank = 0;
  check(MPI_Comm_rank(host, &rank));
  check(MPI_Comm_free(&host));
  return rank;
}

}  // namespace pliant::apps

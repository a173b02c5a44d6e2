#include "mpi/agree.hpp"

#include <algorithm>
#include <numeric>

#include "core/total_order.hpp"
#include "mpi/check.hpp"

namespace pliant {

namespace {

// MPI's non-blocking collectives, so that what is under way goes on while ranks wait for one another.

void reduce(const Communicator& comm, void* values, std::size_t count, MPI_Datatype type, MPI_Op op) {
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Iallreduce(MPI_IN_PLACE, values, static_cast<int>(count), type, op, comm.handle(), &request),
        "MPI_Iallreduce");
  comm.complete(request);
}

void broadcast(const Communicator& comm, void* values, int count, MPI_Datatype type) {
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Ibcast(values, count, type, 0, comm.handle(), &request), "MPI_Ibcast");
  comm.complete(request);
}

}  // namespace

bool same_on_all_ranks(const Communicator& comm, std::string_view bytes) {
  const std::string of_root = share_from_root(comm, std::string(bytes));
  return first_rank_where(comm, of_root != bytes) < 0;
}

// By places in the total order: MPI_MAX of integers has one answer for every value, that of doubles has not.
void agree_max(const Communicator& comm, std::span<double> values) {
  std::vector<std::int64_t> places(values.size());
  std::transform(values.begin(), values.end(), places.begin(), place_in_order);
  reduce(comm, places.data(), places.size(), MPI_INT64_T, MPI_MAX);
  std::transform(places.begin(), places.end(), values.begin(), value_at_place);
}

void agree_or(const Communicator& comm, std::span<std::uint64_t> words) {
  reduce(comm, words.data(), words.size(), MPI_UINT64_T, MPI_BOR);
}

std::string share_from_root(const Communicator& comm, std::string text) {
  auto count = static_cast<unsigned long>(text.size());
  broadcast(comm, &count, 1, MPI_UNSIGNED_LONG);
  text.resize(count);
  broadcast(comm, text.data(), static_cast<int>(count), MPI_CHAR);
  return text;
}

std::vector<std::byte> gather_from_all(const Communicator& comm, std::span<const std::byte> own) {
  const auto ranks = static_cast<std::size_t>(comm.ranks());
  const int own_bytes = static_cast<int>(own.size());
  std::vector<int> bytes(ranks);
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Iallgather(&own_bytes, 1, MPI_INT, bytes.data(), 1, MPI_INT, comm.handle(), &request),
        "MPI_Iallgather");
  comm.complete(request);
  std::vector<int> begins(ranks + 1);
  std::partial_sum(bytes.begin(), bytes.end(), begins.begin() + 1);
  std::vector<std::byte> all(static_cast<std::size_t>(begins.back()));
  check(MPI_Iallgatherv(own.data(), own_bytes, MPI_BYTE, all.data(), bytes.data(), begins.data(), MPI_BYTE,
                        comm.handle(), &request),
        "MPI_Iallgatherv");
  comm.complete(request);
  return all;
}

int first_rank_where(const Communicator& comm, bool flag) {
  int reversed = flag ? comm.ranks() - comm.rank() : 0;
  reduce(comm, &reversed, 1, MPI_INT, MPI_MAX);
  return reversed == 0 ? -1 : comm.ranks() - reversed;
}

}  // namespace pliant

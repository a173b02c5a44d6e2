#include "mpi/agree.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

#include "core/total_order.hpp"
#include "mpi/check.hpp"

namespace pliant {

namespace {

/// Memory for a pending MPI operation. If waiting is abandoned, MPI may still write to the memory, so it is
/// never freed.
template <class T>
class MpiMemory {
 public:
  explicit MpiMemory(std::span<const T> values)
      : values_(std::make_unique<std::vector<T>>(values.begin(), values.end())) {}
  explicit MpiMemory(std::size_t count) : values_(std::make_unique<std::vector<T>>(count)) {}
  MpiMemory(const MpiMemory&) = delete;
  MpiMemory& operator=(const MpiMemory&) = delete;
  ~MpiMemory() {
    if (in_use_) static_cast<void>(values_.release());
  }

  std::vector<T>& operator*() const { return *values_; }
  T* data() const { return values_->data(); }
  void set_in_use(bool in_use) { in_use_ = in_use; }

 private:
  std::unique_ptr<std::vector<T>> values_;
  bool in_use_ = false;
};

// These use MPI's non-blocking collectives, so that pending operations progress while ranks wait for one
// another.

template <class... Memory>
void complete(const Communicator& comm, MPI_Request& request, Memory&... memory) {
  (memory.set_in_use(true), ...);
  comm.complete(request);
  (memory.set_in_use(false), ...);
}

template <class T>
void reduce(const Communicator& comm, std::span<T> values, MPI_Datatype type, MPI_Op op) {
  MpiMemory<T> reduced(values);
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Iallreduce(MPI_IN_PLACE, reduced.data(), static_cast<int>(values.size()), type, op, comm.handle(),
                       &request),
        "MPI_Iallreduce");
  complete(comm, request, reduced);
  std::copy((*reduced).begin(), (*reduced).end(), values.begin());
}

template <class T>
void broadcast(const Communicator& comm, std::span<T> values, MPI_Datatype type) {
  MpiMemory<T> sent(values);
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Ibcast(sent.data(), static_cast<int>(values.size()), type, 0, comm.handle(), &request),
        "MPI_Ibcast");
  complete(comm, request, sent);
  std::copy((*sent).begin(), (*sent).end(), values.begin());
}

}  // namespace

bool same_on_all_ranks(const Communicator& comm, std::string_view bytes) {
  const std::string of_root = share_from_root(comm, std::string(bytes));
  return first_rank_where(comm, of_root != bytes) < 0;
}

// Compares places in the total order: MPI_MAX of integers has one answer for every value, but MPI_MAX of
// doubles has not.
void agree_max(const Communicator& comm, std::span<double> values) {
  std::vector<std::int64_t> places(values.size());
  std::transform(values.begin(), values.end(), places.begin(), place_in_order);
  reduce(comm, std::span(places), MPI_INT64_T, MPI_MAX);
  std::transform(places.begin(), places.end(), values.begin(), value_at_place);
}

void agree_or(const Communicator& comm, std::span<std::uint64_t> words) {
  reduce(comm, words, MPI_UINT64_T, MPI_BOR);
}

std::string share_from_root(const Communicator& comm, std::string text) {
  auto count = static_cast<unsigned long>(text.size());
  broadcast(comm, std::span(&count, 1), MPI_UNSIGNED_LONG);
  text.resize(count);
  broadcast(comm, std::span(text), MPI_CHAR);
  return text;
}

std::vector<std::byte> gather_from_all(const Communicator& comm, std::span<const std::byte> own) {
  const auto ranks = static_cast<std::size_t>(comm.ranks());
  MpiMemory<int> bytes(ranks);
  (*bytes)[static_cast<std::size_t>(comm.rank())] = static_cast<int>(own.size());
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Iallgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, bytes.data(), 1, MPI_INT, comm.handle(), &request),
        "MPI_Iallgather");
  complete(comm, request, bytes);
  MpiMemory<int> begins(ranks + 1);
  std::partial_sum((*bytes).begin(), (*bytes).end(), (*begins).begin() + 1);
  MpiMemory<std::byte> all(static_cast<std::size_t>((*begins).back()));
  std::copy(own.begin(), own.end(), all.data() + (*begins)[static_cast<std::size_t>(comm.rank())]);
  check(MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all.data(), bytes.data(), begins.data(), MPI_BYTE,
                        comm.handle(), &request),
        "MPI_Iallgatherv");
  complete(comm, request, all, bytes, begins);
  return std::move(*all);
}

int first_rank_where(const Communicator& comm, bool flag) {
  int reversed = flag ? comm.ranks() - comm.rank() : 0;
  reduce(comm, std::span(&reversed, 1), MPI_INT, MPI_MAX);
  return reversed == 0 ? -1 : comm.ranks() - reversed;
}

}  // namespace pliant

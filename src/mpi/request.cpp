#include "mpi/request.hpp"

#include "mpi/check.hpp"

namespace pliant {

RequestBatch::~RequestBatch() {
  wait_all();
}

MPI_Request* RequestBatch::next() {
  if (first_used_ < first_.size()) {
    first_[first_used_] = MPI_REQUEST_NULL;
    return &first_[first_used_++];
  }
  return &more_.emplace_back(MPI_REQUEST_NULL);
}

bool RequestBatch::test() {
  int first = 0;
  int more = 0;
  check(MPI_Testall(static_cast<int>(first_used_), first_.data(), &first, MPI_STATUSES_IGNORE),
        "MPI_Testall");
  check(MPI_Testall(static_cast<int>(more_.size()), more_.data(), &more, MPI_STATUSES_IGNORE), "MPI_Testall");
  return first != 0 && more != 0;
}

void RequestBatch::wait() {
  check(wait_all(), "MPI_Waitall");
}

int RequestBatch::wait_all() {
  const int first = MPI_Waitall(static_cast<int>(first_used_), first_.data(), MPI_STATUSES_IGNORE);
  const int more = MPI_Waitall(static_cast<int>(more_.size()), more_.data(), MPI_STATUSES_IGNORE);
  first_used_ = 0;
  more_.clear();
  return first != MPI_SUCCESS ? first : more;
}

}  // namespace pliant

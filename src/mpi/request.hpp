// A batch of non-blocking MPI operations that always complete before it is destroyed.
#pragma once

#include <mpi.h>

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace pliant {

/// Holds requests. The destructor waits for the remaining ones, so that no buffer is freed while MPI uses it.
/// Up to four requests need no allocation: an exchange below 2 GiB has two.
class RequestBatch {
 public:
  RequestBatch() = default;
  RequestBatch(const RequestBatch&) = delete;
  RequestBatch& operator=(const RequestBatch&) = delete;
  ~RequestBatch();

  /// Returns the place of the next request, MPI_REQUEST_NULL until MPI sets it. Valid until the next call of
  /// next().
  MPI_Request* next();
  /// Returns whether all are complete. Throws Error(mpi).
  bool test();
  /// Block until all are complete. Throws Error(mpi).
  void wait();
  /// Removes the incomplete requests from the batch, and calls act(MPI_Request) for each.
  template <class Act>
  void take(Act&& act) {
    for (std::size_t i = 0; i < first_used_; ++i)
      if (first_[i] != MPI_REQUEST_NULL) act(std::exchange(first_[i], MPI_REQUEST_NULL));
    for (MPI_Request& request : more_)
      if (request != MPI_REQUEST_NULL) act(std::exchange(request, MPI_REQUEST_NULL));
  }

 private:
  int wait_all();

  std::array<MPI_Request, 4> first_{};
  std::size_t first_used_ = 0;
  std::vector<MPI_Request> more_;
};

}  // namespace pliant

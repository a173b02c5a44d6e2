// A batch of non-blocking MPI operations that cannot be forgotten.
#pragma once

#include <mpi.h>

#include <array>
#include <cstddef>
#include <vector>

namespace pliant {

/// Holds requests; waits for what is left when it goes, so that no buffer is freed under MPI.
/// Up to four requests need no allocation: an exchange below 2 GiB has two.
class RequestBatch {
 public:
  RequestBatch() = default;
  RequestBatch(const RequestBatch&) = delete;
  RequestBatch& operator=(const RequestBatch&) = delete;
  ~RequestBatch();

  /// Room for the next request, MPI_REQUEST_NULL until MPI fills it. Valid until the next call of next().
  MPI_Request* next();
  /// Whether all are complete. Throws Error(mpi).
  bool test();
  /// Block until all are complete. Throws Error(mpi).
  void wait();

 private:
  int wait_all();

  std::array<MPI_Request, 4> first_{};
  std::size_t first_used_ = 0;
  std::vector<MPI_Request> more_;
};

}  // namespace pliant

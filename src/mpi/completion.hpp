// Lets a suspended function wait for an MPI request.
#pragma once

#include <mpi.h>

#include "core/task.hpp"
#include "mpi/check.hpp"

namespace pliant {

/// co_await Completion(request): continues when the request is complete. Throws Error(mpi).
class Completion : public Until {
 public:
  explicit Completion(MPI_Request& request) : Until{{ready, block, this}}, request_(request) {}
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;

  void await_resume() const { check(code_, "MPI_Test"); }

 private:
  static bool ready(void* of) {
    auto& self = *static_cast<Completion*>(of);
    int done = 0;
    self.code_ = MPI_Test(&self.request_, &done, MPI_STATUS_IGNORE);
    return done != 0 || self.code_ != MPI_SUCCESS;
  }
  static void block(void* of) {
    auto& self = *static_cast<Completion*>(of);
    self.code_ = MPI_Wait(&self.request_, MPI_STATUS_IGNORE);
  }

  MPI_Request& request_;
  int code_ = MPI_SUCCESS;
};

}  // namespace pliant

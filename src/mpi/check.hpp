// MPI return codes become Error.
#pragma once

#include <mpi.h>

#include <exception>
#include <string_view>

namespace pliant {

/// Throws Error(mpi) with MPI's own text unless `code` is MPI_SUCCESS. `call` names the MPI function.
void check(int code, std::string_view call);

/// Throws Error(other) that carries `thrown`, what the program's error handler or operation ended with.
[[noreturn]] void carry(std::exception_ptr thrown, std::string_view call);
/// check() of a call for whose errors MPI has run the program's own error handler.
void check_handled(int code, std::string_view call);

/// The code of `body`, an MPI call on an object of the program's. MPI may run the program's error handler in
/// it: what the handler throws is carried by an Error to the border, past locks and past what ranks still
/// have to agree on.
template <class Body>
int call_users(std::string_view call, Body&& body) {
  try {
    return body();
  } catch (...) {
    carry(std::current_exception(), call);
  }
}

/// The same for a call that must succeed. Throws Error(mpi) that is_handled().
template <class Body>
void check_users(std::string_view call, Body&& body) {
  check_handled(call_users(call, body), call);
}

}  // namespace pliant

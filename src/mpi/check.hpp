// Turns MPI return codes into Error.
#pragma once

#include <mpi.h>

#include <exception>
#include <string_view>

namespace pliant {

/// Throws Error(mpi) with MPI's own text unless `code` is MPI_SUCCESS. `call` names the MPI function.
void check(int code, std::string_view call);

/// Throws Error(other) that carries `thrown`, the exception of the program's error handler or operation.
[[noreturn]] void carry(std::exception_ptr thrown, std::string_view call);
/// Like check(), for a call for whose errors MPI has run the program's own error handler.
void check_handled(int code, std::string_view call);

/// Returns the code of `body`, an MPI call on an object of the program. MPI may run the program's error
/// handler in it. An Error carries an exception of that handler to the C API, past locks and past what ranks
/// still have to agree on.
template <class Body>
int call_users(std::string_view call, Body&& body) {
  try {
    return body();
  } catch (...) {
    carry(std::current_exception(), call);
  }
}

/// Runs a call that must succeed. Throws Error(mpi) that is_handled().
template <class Body>
void check_users(std::string_view call, Body&& body) {
  check_handled(call_users(call, body), call);
}

}  // namespace pliant

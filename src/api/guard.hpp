// The border to C: the only file that catches exceptions.
#pragma once

#include <mpi.h>

#include <exception>
#include <new>
#include <optional>
#include <string_view>

#include "core/error.hpp"

namespace pliant {

/// Remember the error's text for Pliant_Error_string, and raise it on comm's error handler. Returns the MPI
/// code. MPI_COMM_NULL raises on MPI_COMM_WORLD. `tensor` may be empty.
int raise(MPI_Comm comm, std::string_view tensor, const Error& error);

/// Run `body`, which returns an MPI code; what it throws becomes an MPI error on `comm`.
template <class Body>
int guard(MPI_Comm comm, std::string_view tensor, Body&& body) noexcept {
  try {
    return body();
  } catch (const Error& error) {
    return raise(comm, tensor, error);
  } catch (const std::bad_alloc&) {
    return raise(
        comm, tensor,
        Error(ErrorClass::other, "out of memory", "a call needs buffers of about its message's length",
              "Use fewer or smaller tensors per rank"));
  } catch (const std::exception& error) {
    return raise(
        comm, tensor,
        Error(ErrorClass::other, error.what(), "this should not happen", "Report it with this message"));
  }
}

/// Run `body`; the Error it threw, if it threw one. For work whose failure the ranks must agree on before
/// they raise.
template <class Body>
std::optional<Error> attempt(Body&& body) {
  try {
    body();
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& error) {
    return Error(ErrorClass::other, error.what(), "out of memory, or a fault of Pliant's",
                 "Report it with this message if memory is not the cause");
  }
}

}  // namespace pliant

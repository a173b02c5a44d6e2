// The border to C, which catches all exceptions. mpi/check.hpp catches those of the program's handlers.
#pragma once

#include <mpi.h>

#include <exception>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

#include "core/error.hpp"

namespace pliant {

/// Stores the error's text for Pliant_Error_string and calls comm's error handler, unless that has run
/// already. Returns the MPI code. Throws what the handler throws. MPI_COMM_NULL raises on MPI_COMM_WORLD.
/// `tensor` may be empty.
int raise(MPI_Comm comm, std::string_view tensor, const Error& error);

/// Runs `body`, which returns an MPI code. An exception becomes an MPI error on `comm`. The error handler
/// runs last, after `body` has released its locks, because it may call Pliant and may throw.
template <class Body>
int guard(MPI_Comm comm, std::string_view tensor, Body&& body) {
  std::optional<Error> failed;
  try {
    return body();
  } catch (Error& error) {
    failed.emplace(std::move(error));
  } catch (const std::bad_alloc&) {
    failed.emplace(ErrorClass::other, "out of memory", "a call needs buffers of about its message's length",
                   "Use fewer or smaller tensors per rank");
  } catch (const std::exception& error) {
    failed.emplace(ErrorClass::other, error.what(), "this should not happen", "Report it with this message");
  }
  return raise(comm, tensor, *failed);
}

/// Returns the first code of call(0), call(1), ... call(n - 1) that is not MPI_SUCCESS. Makes all calls, even
/// if an error handler throws in one. Throws the first exception after the last call.
template <class Call>
int call_all(int n, Call&& call) {
  int first = MPI_SUCCESS;
  std::exception_ptr thrown;
  for (int i = 0; i < n; ++i) {
    try {
      const int code = call(i);
      if (first == MPI_SUCCESS) first = code;
    } catch (...) {
      if (!thrown) thrown = std::current_exception();
    }
  }
  if (thrown) std::rethrow_exception(thrown);
  return first;
}

/// Runs `body` and returns the Error that it threw, if any. For work whose failure the ranks must agree on
/// before they raise.
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

// Errors. All messages have the form `<problem, with the value> (<the rule>). <what to do>`.
//
// Code below src/api throws Error. Only src/runtime/guard.hpp catches it: it adds rank and tensor, and raises the
// error on the communicator's MPI error handler.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace pliant {

enum class ErrorClass {
  argument,
  buffer,
  count,
  communicator,
  info_key,
  info_value,
  request,
  datatype,
  operation,
  io,
  mpi,
  other
};

class Error : public std::exception {
 public:
  Error(ErrorClass error_class, std::string_view problem, std::string_view rule, std::string_view action);

  /// An MPI call inside Pliant failed; `code` is passed on to the caller unchanged.
  static Error from_mpi(int code, std::string_view call, std::string_view mpi_text);

  /// Mark an error that every rank throws at the same place, so that no rank is ahead of another.
  Error on_all_ranks() && {
    on_all_ranks_ = true;
    return std::move(*this);
  }
  bool is_on_all_ranks() const { return on_all_ranks_; }

  /// Mark an error for which MPI has already run the program's error handler. `thrown` is the exception that
  /// the handler ended with, or null.
  Error handled(std::exception_ptr thrown) const;
  bool is_handled() const { return handled_; }
  const std::exception_ptr& thrown() const { return thrown_; }

  ErrorClass error_class() const { return class_; }
  int mpi_code() const { return mpi_code_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  ErrorClass class_;
  int mpi_code_ = 0;
  bool on_all_ranks_ = false;
  std::string text_;
  bool handled_ = false;
  std::exception_ptr thrown_;
};

/// `name = value` as messages quote it.
std::string quoted(std::string_view name, std::string_view value);

}  // namespace pliant

#include "runtime/guard.hpp"

#include <cstdio>
#include <string>

#include "runtime/process.hpp"

namespace pliant {
namespace {

int mpi_class(const Error& error) {
  switch (error.error_class()) {
    case ErrorClass::argument:
      return MPI_ERR_ARG;
    case ErrorClass::buffer:
      return MPI_ERR_BUFFER;
    case ErrorClass::count:
      return MPI_ERR_COUNT;
    case ErrorClass::communicator:
      return MPI_ERR_COMM;
    case ErrorClass::info_key:
      return MPI_ERR_INFO_KEY;
    case ErrorClass::info_value:
      return MPI_ERR_INFO_VALUE;
    case ErrorClass::request:
      return MPI_ERR_REQUEST;
    case ErrorClass::datatype:
      return MPI_ERR_TYPE;
    case ErrorClass::operation:
      return MPI_ERR_OP;
    case ErrorClass::io:
      return MPI_ERR_IO;
    case ErrorClass::mpi:
      return error.mpi_code();
    case ErrorClass::other:
      break;
  }
  return MPI_ERR_OTHER;
}

/// Does the handler abort? MPI's abort message does not contain ours, so raise() prints it first.
bool is_fatal(MPI_Comm comm) {
  MPI_Errhandler handler = MPI_ERRHANDLER_NULL;
  MPI_Comm_get_errhandler(comm, &handler);
  const bool fatal = handler == MPI_ERRORS_ARE_FATAL;
  if (handler != MPI_ERRHANDLER_NULL) MPI_Errhandler_free(&handler);
  return fatal;
}

}  // namespace

int raise(MPI_Comm comm, std::string_view tensor, const Error& error) {
  const bool no_comm = comm == MPI_COMM_NULL || error.is_handled();
  const MPI_Comm handler_comm = no_comm ? MPI_COMM_WORLD : comm;
  int rank = 0;
  MPI_Comm_rank(handler_comm, &rank);
  std::string text = "pliant rank " + std::to_string(rank) + ": ";
  if (!tensor.empty()) text.append("tensor '").append(tensor).append("': ");
  text.append(error.what());

  const int code = mpi_class(error);
  if (Process* const process = Process::find()) process->remember_error(code, text);
  if (error.thrown()) std::rethrow_exception(error.thrown());
  if (error.is_handled()) return code;
  if (is_fatal(handler_comm)) std::fputs((text + "\n").c_str(), stderr);
  MPI_Comm_call_errhandler(handler_comm, code);
  return code;
}

}  // namespace pliant

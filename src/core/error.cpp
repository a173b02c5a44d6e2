#include "core/error.hpp"

#include <utility>

namespace pliant {

Error::Error(ErrorClass error_class, std::string_view problem, std::string_view rule, std::string_view action)
    : class_(error_class) {
  text_.append(problem).append(" (").append(rule).append("). ").append(action);
}

Error Error::from_mpi(int code, std::string_view call, std::string_view mpi_text) {
  Error error(ErrorClass::mpi, std::string(call) + " failed: " + std::string(mpi_text),
              "MPI reported it inside a Pliant call",
              "The communicator's state is unknown: call Pliant_Comm_repair, or stop");
  error.mpi_code_ = code;
  return error;
}

Error Error::handled(std::exception_ptr thrown) const {
  Error error = *this;
  error.handled_ = true;
  error.thrown_ = std::move(thrown);
  return error;
}

std::string quoted(std::string_view name, std::string_view value) {
  return std::string(name) + " = " + std::string(value);
}

}  // namespace pliant

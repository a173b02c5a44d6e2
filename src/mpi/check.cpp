#include "mpi/check.hpp"

#include <array>
#include <string>
#include <utility>

#include "core/error.hpp"

namespace pliant {

namespace {

Error error_of(int code, std::string_view call) {
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  return Error::from_mpi(code, call, std::string_view(text.data(), static_cast<std::size_t>(length)));
}

}  // namespace

void check(int code, std::string_view call) {
  if (code != MPI_SUCCESS) throw error_of(code, call);
}

void check_handled(int code, std::string_view call) {
  if (code != MPI_SUCCESS) throw error_of(code, call).handled(nullptr);
}

void carry(std::exception_ptr thrown, std::string_view call) {
  throw Error(ErrorClass::other, "an exception left " + std::string(call),
              "the program's error handler or operation threw it", "Catch it where you call Pliant")
      .handled(std::move(thrown));
}

}  // namespace pliant

#include "mpi/check.hpp"

#include <array>

#include "core/error.hpp"

namespace pliant {

void check(int code, std::string_view call) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw Error::from_mpi(code, call, std::string_view(text.data(), static_cast<std::size_t>(length)));
}

}  // namespace pliant

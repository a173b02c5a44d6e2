#include "apps/support/check.hpp"

#include <pliant/pliant.h>

#include <array>

namespace pliant::apps {

std::string error_text(int code) {
  int initialized = 0;
  MPI_Initialized(&initialized);
  if (initialized == 0)
    return "refused with error code " + std::to_string(code) + " (the reason stands above)";
  std::array<char, PLIANT_MAX_ERROR_STRING> text{};
  int length = 0;
  if (Pliant_Error_string(code, text.data(), &length) != MPI_SUCCESS)
    return "error code " + std::to_string(code) + " (it has no text)";
  return {text.data(), static_cast<std::size_t>(length)};
}

void check(int code) {
  if (code != MPI_SUCCESS) throw Refused(error_text(code));
}

}  // namespace pliant::apps

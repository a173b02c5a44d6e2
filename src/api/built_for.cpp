// Defines the symbol that pliant.h refers to, and checks at load time that MPI is of the family built for.
#include <mpi.h>
#include <pliant/pliant.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mpi/family.hpp"

extern "C" const int PLIANT_BUILT_FOR_MPI = PLIANT_VERSION_MAJOR * 10000 + PLIANT_VERSION_MINOR * 100;

namespace pliant {
namespace {

/// Another family's library may write more than MPI_MAX_LIBRARY_VERSION_STRING of this one.
constexpr std::size_t kLongestVersion = 16 << 10;
static_assert(kLongestVersion > MPI_MAX_LIBRARY_VERSION_STRING);

/// Ends the process when the library is loaded, since with another family's handles the first call would
/// crash. MPI_Get_library_version may be called before MPI_Init.
[[gnu::constructor]] void require_own_mpi() {
  std::array<char, kLongestVersion> text{};
  int length = 0;
  if (MPI_Get_library_version(text.data(), &length) != MPI_SUCCESS || length < 0) return;
  const std::string problem =
      family_problem(compiled_family(), std::string_view(text.data(), static_cast<std::size_t>(length)));
  if (problem.empty()) return;
  std::fputs((problem + "\n").c_str(), stderr);
  std::_Exit(EXIT_FAILURE);
}

}  // namespace
}  // namespace pliant

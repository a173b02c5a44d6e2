// MPI families: libraries that share handles and constants, so that a program built for one runs with
// another.
#pragma once

#include <mpi.h>

#include <optional>
#include <string>
#include <string_view>

namespace pliant {

/// `mpich` includes Intel MPI, MVAPICH and Cray MPICH; `mpi_abi` is the ABI of MPI 5.
enum class MpiFamily { open_mpi, mpich, mpi_abi, other };

/// Returns the family of the mpi.h that this file is compiled with, by the same tests as pliant.h.
constexpr MpiFamily compiled_family() {
#if defined(OPEN_MPI)
  return MpiFamily::open_mpi;
#elif defined(MPI_ABI_VERSION)
  return MpiFamily::mpi_abi;
#elif defined(MPICH) || defined(MPICH_NAME) || defined(MPICH_VERSION)
  return MpiFamily::mpich;
#else
  return MpiFamily::other;
#endif
}

/// Returns the family of the library with this MPI_Get_library_version; nothing if the text names no family.
std::optional<MpiFamily> rule_of(std::string_view library_version);

/// Describes the mismatch if code of family `built` calls a library that reports `library_version`. Empty if
/// there is none, or it is unknown.
std::string family_problem(MpiFamily built, std::string_view library_version);

/// Describes a wrong launcher, from the environment and the number of `ranks` in MPI_COMM_WORLD: under
/// another MPI's launcher each process is alone. Empty if there is no problem, or another process of the
/// launcher reports it.
std::string launcher_problem(int ranks);

}  // namespace pliant

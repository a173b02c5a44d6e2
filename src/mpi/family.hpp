// MPI families: libraries that share handles and constants, so that a program of one runs on another.
#pragma once

#include <mpi.h>

#include <optional>
#include <string>
#include <string_view>

namespace pliant {

/// MPICH's also holds Intel MPI, MVAPICH and Cray MPICH; mpi_abi is the one of MPI 5.
enum class MpiFamily { open_mpi, mpich, mpi_abi, other };

/// Of the mpi.h that this file is compiled with: as pliant.h tells them apart.
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

/// Of the library that says this in MPI_Get_library_version; nothing where the text names no family.
std::optional<MpiFamily> family_of(std::string_view library_version);

/// What is wrong when code of family `built` calls a library that says `library_version`; empty: nothing, or
/// nothing is known.
std::string family_problem(MpiFamily built, std::string_view library_version);

/// What is wrong when MPI_COMM_WORLD has `ranks` ranks, by what the launcher left in the environment: under
/// another MPI's launcher each process is alone. Empty: nothing, or another process of the launcher's tells
/// it.
std::string launcher_problem(int ranks);

}  // namespace pliant

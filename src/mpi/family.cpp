#include "mpi/family.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/environment.hpp"

namespace pliant {
namespace {

struct Mark {
  std::string_view text;
  MpiFamily family;
};

/// The names by which libraries identify themselves in their version text.
constexpr std::array kMarks = {Mark{"Open MPI", MpiFamily::open_mpi}, Mark{"MPICH", MpiFamily::mpich},
                               Mark{"Intel(R) MPI", MpiFamily::mpich}, Mark{"MVAPICH", MpiFamily::mpich}};

/// The environment variables in which a launcher tells a process the number of processes and its own: Open
/// MPI's, MPICH's.
struct LauncherNames {
  const char* size;
  const char* rank;
};
constexpr std::array kLaunchers = {LauncherNames{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"},
                                   LauncherNames{"PMI_SIZE", "PMI_RANK"}};

std::string_view name_of(MpiFamily family) {
  switch (family) {
    case MpiFamily::open_mpi:
      return "Open MPI";
    case MpiFamily::mpich:
      return "MPICH";
    case MpiFamily::mpi_abi:
      return "the ABI of MPI 5";
    case MpiFamily::other:
      break;
  }
  return "another MPI";
}

}  // namespace

std::optional<MpiFamily> rule_of(std::string_view library_version) {
  for (const Mark& mark : kMarks)
    if (library_version.find(mark.text) != std::string_view::npos) return mark.family;
  return std::nullopt;
}

std::string family_problem(MpiFamily built, std::string_view library_version) {
  const std::optional<MpiFamily> found = rule_of(library_version);
  // Any library may implement the ABI of MPI 5, and nothing is known of other families.
  if (!found || *found == built || built == MpiFamily::mpi_abi || built == MpiFamily::other) return {};
  std::string line(library_version.substr(0, library_version.find_first_of("\r\n")));
  std::ranges::replace(line, '\t', ' ');
  return "pliant: the library was built for " + std::string(name_of(built)) + ", the program runs with \"" +
         line +
         "\" (handles of MPI families differ). Build Pliant with the program's mpicc and mpicxx, or start "
         "the program with the MPI of its Pliant";
}

std::string launcher_problem(int ranks) {
  if (ranks != 1) return {};
  for (const LauncherNames& names : kLaunchers) {
    const std::string size = environment_value(names.size).value_or("");
    if (std::atoi(size.c_str()) < 2 || environment_value(names.rank).value_or("0") != "0") continue;
    return "MPI_COMM_WORLD has 1 rank, the launcher has started " + size + " (" + names.size +
           "; each is alone under another MPI's launcher). Start them with the mpirun of the MPI that the "
           "program is built with";
  }
  return {};
}

}  // namespace pliant

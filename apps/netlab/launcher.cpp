#include "apps/netlab/launcher.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <string_view>

#include "apps/netlab/host.hpp"
#include "core/environment.hpp"
#include "core/error.hpp"

namespace pliant::netlab {
namespace {

namespace fs = std::filesystem;

// Debian's names come first: where both MPIs are installed, mpirun belongs to only one.
constexpr std::array kOpenMpi = {"mpirun.openmpi", "orterun", "mpirun"};
constexpr std::array kMpich = {"mpiexec.hydra", "mpirun.mpich", "mpiexec.mpich"};
constexpr std::array kOthers = {"mpiexec", "mpiexec.openmpi", "srun"};

template <class Names>
std::optional<fs::path> find_any(const Names& names) {
  for (const char* const name : names)
    if (const auto path = find_program(name)) return path;
  return std::nullopt;
}

bool is_launcher(const std::string& program) {
  const std::string name = fs::path(program).filename();
  const auto names = [&](const auto& list) { return std::ranges::find(list, name) != list.end(); };
  return names(kOpenMpi) || names(kMpich) || names(kOthers);
}

[[noreturn]] void missing(const char* what, const char* package) {
  throw Error(ErrorClass::argument, std::string(what) + " is not installed",
              "a program is started on all hosts by an MPI launcher",
              std::string("Install it (package ") + package + "), or pass --launcher none");
}

}  // namespace

std::optional<fs::path> find_program(std::string_view name) {
  std::istringstream folders(environment_value("PATH").value_or("/usr/local/bin:/usr/bin:/bin"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path path = fs::path(folder) / name;
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return std::nullopt;
}

void write_launcher_files(const LabFolder& folder, int hosts, int ranks_per_host) {
  std::string names = "127.0.0.1 localhost\n";
  std::string openmpi;
  std::string mpich;
  const std::string slots = std::to_string(ranks_per_host);
  for (int host = 0; host < hosts; ++host) {
    names += address_text(host) + " " + host_name(host) + "\n";
    openmpi += host_name(host) + " slots=" + slots + "\n";
    mpich += host_name(host) + ":" + slots + "\n";
  }
  folder.write("hosts", names);
  folder.write("hostfile.openmpi", openmpi);
  folder.write("hostfile.mpich", mpich);
  for (const char* const link : {kRemoteShell, kRank})
    fs::create_symlink(fs::read_symlink("/proc/self/exe"), folder.path() / link);
}

std::vector<std::pair<std::string, std::string>> launcher_environment(const fs::path& socket) {
  const fs::path folder = socket.parent_path();
  const std::vector<std::pair<std::string, std::string>> all = {
      {"OMPI_ALLOW_RUN_AS_ROOT", "1"},
      {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
      {"OMPI_MCA_plm_rsh_agent", folder / kRemoteShell},
      {"OMPI_MCA_orte_default_hostfile", folder / "hostfile.openmpi"},
      {"OMPI_MCA_rmaps_base_oversubscribe", "1"},
      {"OMPI_MCA_hwloc_base_binding_policy", "none"},
      {"OMPI_MCA_mpi_yield_when_idle", "1"},
      // Plain TCP between hosts, shared memory within one. Reading another process's memory would be faster,
      // but many containers forbid it.
      {"OMPI_MCA_pml", "ob1"},
      {"OMPI_MCA_btl", "tcp,self,vader"},
      {"OMPI_MCA_btl_vader_single_copy_mechanism", "none"},
      {"OMPI_MCA_btl_tcp_if_include", kDevice},
      {"OMPI_MCA_oob_tcp_if_include", kDevice},
      // Open MPI 5 starts programs with PRRTE.
      {"PRTE_MCA_plm_ssh_agent", folder / kRemoteShell},
      {"PRTE_MCA_prte_default_hostfile", folder / "hostfile.openmpi"},
      {"PRTE_MCA_rmaps_default_mapping_policy", "slot:oversubscribe"},
      {"PRTE_MCA_hwloc_default_binding_policy", "none"},
      {"PRTE_MCA_prte_if_include", kDevice},
      {"OMPI_MCA_smsc", "^cma,xpmem,knem"},
      {"HYDRA_LAUNCHER", "rsh"},
      {"HYDRA_LAUNCHER_EXEC", folder / kRemoteShell},
      {"HYDRA_HOST_FILE", folder / "hostfile.mpich"},
      {"HYDRA_IFACE", kDevice},
      {"FI_PROVIDER", "tcp"},
      {"FI_TCP_IFACE", kDevice},
      {"UCX_NET_DEVICES", kDevice},
      {"UCX_TLS", "tcp,self,sm"},
  };
  std::vector<std::pair<std::string, std::string>> missing;
  for (const auto& variable : all)
    if (!environment_value(variable.first)) missing.push_back(variable);
  missing.emplace_back("PLIANT_NETLAB", socket);
  return missing;
}

std::vector<std::string> launcher_words(Launcher launcher, int ranks, const std::string& program) {
  if (launcher == Launcher::none || is_launcher(program)) return {};
  std::optional<fs::path> command;
  if (launcher == Launcher::mpich) {
    command = find_any(kMpich);
    if (!command) missing("MPICH's launcher", "mpich");
  } else if (launcher == Launcher::openmpi) {
    command = find_any(kOpenMpi);
    if (!command) missing("Open MPI's launcher", "openmpi-bin");
  } else {
    command = find_any(std::array{"mpirun", "mpiexec"});
    if (!command) missing("mpirun", "openmpi-bin");
  }
  return {command->native(), "-np", std::to_string(ranks)};
}

}  // namespace pliant::netlab

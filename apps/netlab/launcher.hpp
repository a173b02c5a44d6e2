// MPI launchers on the hosts: the files they read, and the command lines that call them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/netlab/folder.hpp"

namespace pliant::netlab {

/// Called by this name, through a link in the lab's folder, pliant_netlab is a remote shell.
inline constexpr const char* kRemoteShell = "rsh";

/// Called by this name with a command line, through a link in the lab's folder, pliant_netlab tells the lab
/// that a rank starts and then becomes that command.
inline constexpr const char* kRank = "rank";

/// Path of a program in PATH; nothing if it is not there.
std::optional<std::filesystem::path> find_program(std::string_view name);

/// Writes the host files, the host names, and the links above.
void write_launcher_files(const LabFolder& folder, int hosts, int ranks_per_host);

/// Environment of a program on a host. It makes Open MPI 4 and 5 and MPICH use the lab's hosts and links, by
/// whatever name they are called. Omits variables that the user has set.
std::vector<std::pair<std::string, std::string>> launcher_environment(const std::filesystem::path& socket);

/// The values of --launcher.
enum class Launcher { automatic, openmpi, mpich, none };

/// The command line in front of a program that starts `ranks` of it on all hosts. Empty if `program` is
/// itself a launcher, or for `none`. Throws Error(argument) if the launcher is not installed.
std::vector<std::string> launcher_words(Launcher launcher, int ranks, const std::string& program);

}  // namespace pliant::netlab

// MPI's launchers on the hosts: what they read, and how they are called.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/netlab/folder.hpp"

namespace pliant::netlab {

/// The name under which the program, called through a link in the lab's folder, is a remote shell.
inline constexpr const char* kRemoteShell = "rsh";

/// The name under which the program, called through a link in the lab's folder with a program's words, tells
/// the lab that a rank begins, and becomes that program.
inline constexpr const char* kRank = "rank";

/// Where a program of this name is in PATH.
std::optional<std::filesystem::path> find_program(std::string_view name);

/// Host files, names of the hosts, and these links.
void write_launcher_files(const LabFolder& folder, int hosts, int ranks_per_host);

/// Variables for a program on a host, so that Open MPI 4 and 5 and MPICH, called there by whatever name, use
/// the lab's hosts and links. Those that the user has set already are left out.
std::vector<std::pair<std::string, std::string>> launcher_environment(const std::filesystem::path& socket);

/// How a program is started: names of --launcher.
enum class Launcher { automatic, openmpi, mpich, none };

/// The words before a program that start `ranks` of it on all hosts; none if `program` is a launcher itself
/// or if none is wanted. Throws Error(argument) if the launcher is not installed.
std::vector<std::string> launcher_words(Launcher launcher, int ranks, const std::string& program);

}  // namespace pliant::netlab

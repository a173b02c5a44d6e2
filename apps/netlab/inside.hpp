// Runs a program on a host of a lab.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace pliant::netlab {

/// Runs a program on a host, in this process's folder and with its files, and waits for it. Passes on
/// SIGTERM, SIGHUP and SIGINT from other processes; the terminal's signals reach the program by themselves.
/// The program dies with this process.
/// @return the program's exit status, 128 + its signal, 127 if it is not found, or 126 if it cannot run
/// Throws Error or Refusal if the host cannot be entered.
int run_inside(const std::filesystem::path& socket, const std::string& host,
               const std::vector<std::string>& command);

/// Replaces this process by a program. Exits with 127 if it is not found, 126 if it cannot run.
[[noreturn]] void become(const std::vector<std::string>& command);

}  // namespace pliant::netlab

// A program on a host of a lab.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace pliant::netlab {

/// Run a program on a host, in this process's folder and with its files, and wait for it. SIGTERM, SIGHUP
/// and SIGINT of others are passed on; what the terminal sends reaches it anyway. It dies with this process.
/// @return its exit status; 128 + its signal; 127 if it is not found, 126 if it cannot be run
/// Throws Error or Refusal if the host cannot be entered.
int run_inside(const std::filesystem::path& socket, const std::string& host,
               const std::vector<std::string>& command);

/// Run a program instead of this one. Ends with 127 if it is not found, 126 if it cannot be run.
[[noreturn]] void become(const std::vector<std::string>& command);

}  // namespace pliant::netlab

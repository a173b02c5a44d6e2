// Shared by the programs' command lines: exit statuses, one-line errors, sizes with K, M and G.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace pliant::apps {

inline constexpr int kRefusedStatus = 1;  ///< the library refused, or a result is wrong
inline constexpr int kUsageStatus = 2;    ///< the command line is invalid

/// Parses; returns nothing if the program goes on, otherwise its exit status. Help goes to stdout, and an
/// error is one line on stderr. Only a process with `speak` prints: every rank parses, one speaks.
std::optional<int> parse(CLI::App& app, int argc, const char* const* argv, bool speak = true);

/// Parses "4M" to 4194304: a whole number of bytes, with K, M and G as powers of 1024. Throws
/// CLI::ValidationError.
std::int64_t parse_bytes(const std::string& option, const std::string& text);

}  // namespace pliant::apps

// What the programs' command lines have in common: exit statuses, one-line errors, sizes with K, M and G.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace pliant::apps {

inline constexpr int kRefusedStatus = 1;  ///< the library, or a check of results, said no
inline constexpr int kUsageStatus = 2;    ///< the command line cannot be understood

/// Parse; nothing if the program goes on, otherwise its exit status. Help goes to stdout, an error is one
/// line on stderr; neither if not `speak` (every rank parses, one speaks).
std::optional<int> parse(CLI::App& app, int argc, const char* const* argv, bool speak = true);

/// "4M" -> 4194304: a whole number of bytes, K, M and G being powers of 1024. Throws CLI::ValidationError.
std::int64_t parse_bytes(const std::string& option, const std::string& text);

}  // namespace pliant::apps

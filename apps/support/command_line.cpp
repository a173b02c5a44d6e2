#include "apps/support/command_line.hpp"

#include <cctype>
#include <charconv>
#include <iostream>
#include <limits>
#include <string_view>

namespace pliant::apps {
namespace {

/// 1 for "", 1024 for "K", "KB" and "KiB", and so on; 0 if unknown.
std::int64_t unit_bytes(std::string_view unit) {
  if (unit.empty() || unit == "B") return 1;
  const std::size_t power = std::string_view("KMG").find(static_cast<char>(std::toupper(unit.front())));
  const std::string_view rest = unit.substr(1);
  if (power == std::string_view::npos || !(rest.empty() || rest == "B" || rest == "iB")) return 0;
  return std::int64_t{1} << (10 * (power + 1));
}

}  // namespace

std::optional<int> parse(CLI::App& app, int argc, const char* const* argv, bool speak) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      if (speak) app.exit(error, std::cout, std::cerr);
      return 0;
    }
    if (speak) std::cerr << app.get_name() << ": " << error.what() << " (see --help)\n";
    return kUsageStatus;
  }
}

std::int64_t parse_bytes(const std::string& option, const std::string& text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const std::int64_t unit = unit_bytes({rest, static_cast<std::size_t>(end - rest)});
  if (error != std::errc() || number < 0 || unit == 0 ||
      number > std::numeric_limits<std::int64_t>::max() / unit)
    throw CLI::ValidationError(option, "size = " + text +
                                           " (must be a whole number of bytes, with K, M or G for powers of "
                                           "1024). Write it like 64K");
  return number * unit;
}

}  // namespace pliant::apps

// The process environment. No other file reads it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pliant {

/// Value of an environment variable; empty if it is not set.
std::optional<std::string> environment_value(const std::string& name);

/// Names of the variables that begin with `prefix`, sorted.
std::vector<std::string> environment_names(std::string_view prefix);

}  // namespace pliant

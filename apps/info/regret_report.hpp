// Prints regret as a table and as JSON.
#pragma once

#include <string>
#include <vector>

#include "apps/info/replay/regret.hpp"

namespace pliant::info {

std::string regret_json(const RegretOptions& options, const std::vector<RegretRow>& rows);
std::string regret_text(const RegretOptions& options, const std::vector<RegretRow>& rows);

}  // namespace pliant::info

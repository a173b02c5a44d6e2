// Prints decision times as a table and as JSON.
#pragma once

#include <string>

#include "apps/info/replay/decision_time.hpp"

namespace pliant::info {

std::string decisions_json(const DecisionOptions& options, const DecisionTimes& times);
std::string decisions_text(const DecisionOptions& options, const DecisionTimes& times);

}  // namespace pliant::info

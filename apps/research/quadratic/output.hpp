// Prints a study as text, JSON and CSV.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "apps/research/quadratic/study.hpp"

namespace pliant::quadratic {

/// One line per mode and density.
std::string text_of(const std::vector<ModeResult>& results);
/// A single line.
std::string json_of(const Setting& setting, const std::vector<ModeResult>& results);
/// One row per round, from each mode's quickest trial. If none reached the target, from the one that came
/// nearest.
void write_csv(std::ostream& out, const std::vector<ModeResult>& results);

}  // namespace pliant::quadratic

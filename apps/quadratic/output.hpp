// What a study found, as text, JSON and CSV.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "apps/quadratic/study.hpp"

namespace pliant::quadratic {

/// A line a mode and density.
std::string text_of(const std::vector<ModeResult>& results);
/// One line.
std::string json_of(const Setting& setting, const std::vector<ModeResult>& results);
/// A row a round of each mode's quickest trial, or of its nearest where none reached the target.
void write_csv(std::ostream& out, const std::vector<ModeResult>& results);

}  // namespace pliant::quadratic

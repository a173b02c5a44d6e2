// Copies reports and plans to the caller's structs, which may be shorter than ours.
#pragma once

#include <pliant/pliant.h>

#include "planner/decision.hpp"

namespace pliant {

/// Copies the first report->size bytes. Throws Error(argument).
void copy_report(const Pliant_Report& from, Pliant_Report* report);

/// Writes one report for each candidate, cheapest first. Throws Error(argument).
void write_plan(const Decision& decision, const AllreduceShape& shape, const CostModel& model, int max,
                Pliant_Report* reports, int* n);

}  // namespace pliant

// Reports and plans on their way to the caller.
#pragma once

#include <pliant/pliant.h>

#include "api/decision.hpp"

namespace pliant {

/// Copy as much as the caller's struct holds; report->size says how much. Throws Error(argument).
void copy_report(const Pliant_Report& from, Pliant_Report* report);

/// One report for each candidate, cheapest first. Throws Error(argument).
void write_plan(const Decision& decision, const AllreduceShape& shape, const CostModel& model, int max,
                Pliant_Report* reports, int* n);

}  // namespace pliant

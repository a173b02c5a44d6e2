// Writes a lab's log into a trace, next to the trace's estimates.
#pragma once

#include <string>
#include <vector>

#include "apps/netlab/journal.hpp"

namespace pliant::netlab {

/// Writes /network into an HDF5 trace: one row per change, times on the trace's clock. Replaces an existing
/// group and leaves the trace's calls as they are. Throws Error(io).
void write_network_group(const std::vector<JournalEntry>& entries, const std::string& trace);

}  // namespace pliant::netlab

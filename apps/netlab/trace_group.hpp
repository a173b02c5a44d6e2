// A lab's log in a trace: the truth beside the estimates.
#pragma once

#include <string>
#include <vector>

#include "apps/netlab/journal.hpp"

namespace pliant::netlab {

/// Write /network into an HDF5 trace: a row a change, times on the trace's own clock. A group that is there
/// is replaced. Throws Error(io); the calls in the trace stay as they are.
void write_network_group(const std::vector<JournalEntry>& entries, const std::string& trace);

}  // namespace pliant::netlab

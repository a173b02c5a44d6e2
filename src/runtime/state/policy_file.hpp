// Writes a tensor's policy state to a state file, and reads it. Selection rules are stored by name, so a
// library with another list of them can read the file.
#pragma once

#include <string>

#include "planner/density/memory.hpp"
#include "trace/hdf5_file.hpp"

namespace pliant {

/// Write the state; an empty one is not written.
void write_policy(Hdf5File& file, const std::string& group, const PolicyMemory& memory);

/// Read the state of a tensor of `count` elements. `memory` does not change if the file has no such group.
/// Throws Error(io) for impossible values.
void read_policy(const Hdf5File& file, const std::string& group, std::int64_t count, PolicyMemory& memory);

}  // namespace pliant

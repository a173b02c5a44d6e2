// What a state file keeps of a tensor's policy. Families are kept by name, so that another list of them reads
// it.
#pragma once

#include <string>

#include "policy/memory.hpp"
#include "policy/quality.hpp"
#include "trace/hdf5_file.hpp"

namespace pliant {

/// Nothing is written of a memory that remembers nothing.
void write_policy(Hdf5File& file, const std::string& group, const PolicyMemory& memory);
void write_quality(Hdf5File& file, const std::string& group, const QualityMemory& memory);

/// `memory` of a tensor of `count` elements stays as it is if there is no such group. Throws Error(io) for
/// what cannot be.
void read_policy(const Hdf5File& file, const std::string& group, std::int64_t count, PolicyMemory& memory);
void read_quality(const Hdf5File& file, const std::string& group, QualityMemory& memory);

}  // namespace pliant

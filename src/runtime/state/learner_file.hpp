// Writes the learner of rank 0 (learner.hpp) to a state file, and reads it.
//
//   /learner                        the estimate with its covariance and noise; the link that decisions were
//                                   made by; learned: runs so far
//   /learner/<algorithm>/correction class (bits of the length), log_factor, variance, learned_at: [n]
//   /learner/<algorithm>/in_use     kinds of calls it was in use for: count, type (0 float, 1 double, 2 and 3
//                                   integers of 32 and 64 bits), kept_class, lossy, calls, unexplored,
//                                   spent: [n]
//
// Algorithms are stored by name. A library with another list of algorithms reads those that it has.
#pragma once

#include <memory>

#include "planner/learning/learner.hpp"
#include "trace/hdf5_file.hpp"

namespace pliant {

void write_learner(Hdf5File& file, const Learner& learner);

/// Returns null if the file holds no learner. Throws Error(io) for impossible values.
std::unique_ptr<Learner> read_learner(const Hdf5File& file, const CostModel& measured);

}  // namespace pliant

// What a state file keeps of the learner of rank 0 (learner.hpp).
//
//   /learner                        the estimate with its covariance and noise; the link that decisions were
//                                   made by; learned: runs so far
//   /learner/<algorithm>/correction class (bits of the length), log_factor, variance, learned_at: [n]
//   /learner/<algorithm>/in_use     kinds of calls it was in use for: count, type (0 float, 1 double, 2 and 3
//                                   integers of 32 and 64 bits), kept_class, lossy, calls, unexplored,
//                                   spent: [n]
//
// Algorithms are kept by name: a library with others, or in another order, reads what it knows of.
#pragma once

#include <memory>

#include "api/learner.hpp"
#include "trace/hdf5_file.hpp"

namespace pliant {

void write_learner(Hdf5File& file, const Learner& learner);

/// Null if there is none in the file. Throws Error(io) for what cannot be.
std::unique_ptr<Learner> read_learner(const Hdf5File& file, const CostModel& measured);

}  // namespace pliant

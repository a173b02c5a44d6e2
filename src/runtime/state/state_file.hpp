// Contents of a state file, as rank 0 reads and writes it. Impossible values are refused with Error(io).
//
//   /                       schema = "pliant-state", schema_version, ranks, measured, and the cost model
//   /ranks/<r>              tensors: how many rank r has, of requests
//   /ranks/<r>/<i>          name, count, step, error_feedback as attributes, and outstanding (1.3);
//                           residual[count], and for ef21 estimate[count] and total[count]
//   /ranks/<r>/blocking     1.3, where there are some: tensors of blocking calls, as those of /ranks/<r>
//   /ranks/<r>/<i>/policy   1.2, where the policy adapts: the margin, own_gains[33], agreed_gains[33]
//   /learner                1.2: learner_file.hpp
//
// Versions: readers of 1.x read every 1.y. They skip the additions of a newer version, and start without the
// values that an older version lacks.
//
// All ranks have the same tensors: names, counts, steps, error feedbacks, and whether something is
// outstanding.
//
// A policy's state is saved if it took many steps to learn or belongs to the residual:
// - the gain model: without it the first step would send another k, and count magnitudes
// - the margin: without it a budget would be missed for some 40 operations
// - the quality memory: it takes hundreds of steps, and stays valid with the residual
// Cached decisions are made again, and compute times take two steps to learn, so they are not saved.
#pragma once

#include <optional>
#include <string>

#include "runtime/context.hpp"
#include "trace/hdf5_file.hpp"

namespace pliant {

/// The error for a file with an impossible value `what`; `rule` says what is possible.
Error damaged(const std::string& what, const std::string& rule);

void write_head(Hdf5File& file, Context& context);
/// Throws Error(io) for another schema, version or number of ranks.
void check_head(const Hdf5File& file, int ranks, const char* path);
/// Returns nullopt if the network was not measured when the file was written.
std::optional<CostModel> read_model(const Hdf5File& file);

void write_tensors(Hdf5File& file, int rank, const SavedTensors& tensors);
SavedTensors read_tensors(const Hdf5File& file, int rank);

/// Throws Error(io) if the tensors of a rank do not match those of rank 0, or if two have the same name.
void check_consistency(const SavedTensors& of_rank_0, const SavedTensors& of_rank, int rank,
                       const char* path);

/// Calls visit(name, vector) for each vector of an error feedback. A tensor's unused vectors are empty.
template <class State, class Visit>
void for_each_vector(State& state, Visit&& visit) {
  visit("residual", state.residual);
  visit("estimate", state.estimate);
  visit("total", state.total);
}

}  // namespace pliant

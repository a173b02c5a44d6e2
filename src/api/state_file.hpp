// What a state file holds, on rank 0. Everything read is checked: throws Error(io) for what cannot be.
//
//   /                       schema = "pliant-state", schema_version, ranks, measured, and the cost model
//   /ranks/<r>              tensors: how many rank r has, of requests
//   /ranks/<r>/<i>          name, count, step, error_feedback as attributes, and outstanding (1.3);
//                           residual[count], and for ef21 estimate[count] and total[count]
//   /ranks/<r>/blocking     1.3, where there are some: tensors of blocking calls, as those of /ranks/<r>
//   /ranks/<r>/<i>/policy   1.2, where the policy adapts: the margin, own_gains[33], agreed_gains[33]
//   /ranks/<r>/<i>/quality  1.2, the same: counters; /quality/<family> with ratio and weight
//   /learner                1.2: learner_file.hpp
//
// Versions: readers of 1.x read every 1.y. What a newer one adds is skipped, and what an older one lacks
// begins anew.
//
// All ranks have the same tensors: names, counts, steps, error feedbacks, and whether something is
// outstanding.
//
// Kept of a policy is what took many steps to learn, and what goes with the residual. The gain model: without
// it the first step would send another k, and count magnitudes. The margin: without it a budget would be
// missed for some 40 operations. What was learned of quality: it takes hundreds of steps, and a settled
// residual is settled still. Not kept: answers (they are asked for again), compute times (two steps tell).
#pragma once

#include <optional>
#include <string>

#include "api/context.hpp"
#include "trace/hdf5_file.hpp"

namespace pliant {

/// The error of a file that holds what cannot be.
Error damaged(const std::string& what, const std::string& rule);

void write_head(Hdf5File& file, Context& context);
/// Schema, version, and as many ranks as `ranks`.
void check_head(const Hdf5File& file, int ranks, const char* path);
/// Nothing if none was measured when it was written.
std::optional<CostModel> read_model(const Hdf5File& file);

void write_tensors(Hdf5File& file, int rank, const SavedTensors& tensors);
SavedTensors read_tensors(const Hdf5File& file, int rank);

/// Throws Error(io) where ranks could not go on together with these tensors, or where two have one name.
void check_alike(const SavedTensors& of_rank_0, const SavedTensors& of_rank, int rank, const char* path);

/// visit(name, vector) of each vector that the tensor's error feedback has; the others are empty.
template <class State, class Visit>
void for_each_vector(State& state, Visit&& visit) {
  visit("residual", state.residual);
  visit("estimate", state.estimate);
  visit("total", state.total);
}

}  // namespace pliant

// The sync rounds of one kind of call: what rank 0 has put in force, and the time of one sampled call.
#pragma once

#include <cstdint>

#include "collectives/allreduce.hpp"
#include "core/link_model.hpp"
#include "planner/learning/stragglers.hpp"

namespace pliant {

/// Equal on all ranks except for the times.
struct SyncState {
  std::int64_t measured = 0;  ///< number of the network measurement that the state is based on

  // In force until the next sync round.
  const AllreduceAlgorithm* algorithm = nullptr;  ///< null: the cheapest by the formulas
  double correction = 1;                          ///< factor of its formula
  LinkModel link{};                               ///< alpha == 0: use the measured link
  double alpha_error = 0, beta_error = 0, change = 0;
  double regret_s = 0;   ///< its predicted time minus that of the cheapest candidate
  int calls_left = 0;    ///< calls before the next sync round
  bool at_once = false;  ///< after an exploration or a probe message: hold a round even without budget
  int calls = 0;         ///< calls since the last sync round, including the one that held it
  int rounds = 0;        ///< sync rounds held
  int first_wait = 0;    ///< calls before the first round; 0: the first few calls each hold a round

  // Telemetry instead of rounds.
  bool carried = false;           ///< the last call's algorithm carries telemetry, now and then
  int since_telemetry = 1 << 20;  ///< calls since the last one that carried it; many before the first

  // The call after the last sync round, or the last call before telemetry.
  const AllreduceAlgorithm* sampled = nullptr;
  AllreduceShape shape;          ///< shape of the sampled call
  double sample_s = 0;           ///< its time on this rank; 0: none, or it was disturbed
  std::int64_t asked_bytes = 0;  ///< length of the probe message after the last round; 0: none
  double message_s = 0;          ///< time of the probe message on this rank
  RoundArrival arrival;          ///< this rank's arrival at the last round, or at the sampled call
  bool together = true;          ///< all ranks began the sampled call together, after a round
  double outside_s = -1;         ///< the context's outside.total_s() at the last call; < 0 before the first
};

}  // namespace pliant

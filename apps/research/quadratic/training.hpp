// One trial: rounds of server and workers until the target is reached.
#pragma once

#include <vector>

#include "apps/research/quadratic/roles.hpp"
#include "apps/research/quadratic/world.hpp"

namespace pliant::quadratic {

/// Times and results of one round. Times are simulated seconds.
struct Round {
  int number = 0;     ///< from 1
  double time_s = 0;  ///< end of the round: end of the round before + down_s + compute_s + up_s
  double down_s = 0;  ///< time of the server's message
  double compute_s = 0;
  double up_s = 0;            ///< time of the workers' messages, until the last arrives
  double bandwidth_down = 0;  ///< [byte/s] when the message was sent
  double bandwidth_up = 0;    ///< [byte/s] mean over the workers
  std::int64_t bytes_down = 0;
  std::int64_t bytes_up = 0;  ///< sum over workers
  double density_down = 0;    ///< kept / d
  double density_up = 0;      ///< kept / d, mean over the workers
  int over_budget = 0;        ///< messages that the floor made longer than their budget
  double error = 0;           ///< (f - f*) / (f at the start - f*), at the server's model
};

enum class End { reached, diverged, too_long };

struct Outcome {
  Trial trial;
  End end = End::too_long;
  std::vector<Round> rounds;

  double seconds() const { return rounds.empty() ? 0 : rounds.back().time_s; }
};

/// Collective. Returns the outcome on the server, and nothing on the other ranks. Ends after `most_s`
/// simulated seconds at the latest.
Outcome train(const World& world, const Setting& setting, const Trial& trial, double most_s);

}  // namespace pliant::quadratic

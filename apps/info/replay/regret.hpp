// Compares choices by learned numbers with an oracle that knows the network. The learner is the library's
// own, and its own formulas simulate the networks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/link_model.hpp"

namespace pliant::info {

/// The numbers that a choice uses.
enum class Knowledge {
  exact,    ///< the true link; the remaining regret comes from switching only for a clear gain
  learned,  ///< the times of the calls
  first,    ///< the first measurement, for ever
};

struct RegretOptions {
  std::vector<std::string> schedules;  ///< names or paths for trace_of()
  double noise = 0.1;                  ///< standard deviation of the logarithm of a time
  double formula_error = 0;  ///< standard deviation of log(true time / formula's time) of an algorithm
  int calls = 100;           ///< in each step
  int steps = 50;
  std::uint64_t seed = 1;
};

/// Regret over all calls of all simulated programs on one schedule. The regret of a call is its time / the
/// best algorithm's time - 1, without noise.
struct RegretRow {
  std::string schedule;
  Knowledge knowledge = Knowledge::learned;
  std::int64_t calls = 0;
  double median = 0, p95 = 0, mean = 0;
  double total = 0;      ///< regret of the total time, messages that only teach included
  double messages = 0;   ///< share of the time spent on messages that only teach
  double exploring = 0;  ///< explorations per 1,000 calls
  double changes = 0;    ///< changes detected per 1,000 calls
};

/// Regret on a grid: 2-1024 ranks, latencies 10 us-50 ms, 10 Mbit/s-100 Gbit/s, 1e4-1e9 elements, densities
/// 1e-4-1. Each cell is entered from another one.
RegretRow regret_on_grid(std::uint64_t seed);

/// Returns a row for each schedule and each way of choosing, except `exact`.
std::vector<RegretRow> regret_on_schedules(const RegretOptions& options);

const char* name_of(Knowledge knowledge);

}  // namespace pliant::info

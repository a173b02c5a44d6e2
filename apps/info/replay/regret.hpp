// What choosing by learned numbers costs against an oracle that knows the network: the library's own learner,
// on networks that are simulated by its own formulas.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/link_model.hpp"

namespace pliant::info {

/// How the choice is made.
enum class Knowledge {
  exact,    ///< the link is told; what is left is the price of not switching for little
  learned,  ///< from the times of the calls
  first,    ///< from what was measured at first, whatever happens
};

struct RegretOptions {
  std::vector<std::string> schedules;  ///< as of trace_of()
  double noise = 0.1;                  ///< standard deviation of the logarithm of a time
  double formula_error = 0;  ///< the same of what each algorithm really takes over what its formula says
  int calls = 100;           ///< a step
  int steps = 50;
  std::uint64_t seed = 1;
};

/// Of all calls of all simulated programs on one schedule. Regret of a call: time / that of the best
/// algorithm - 1, without noise.
struct RegretRow {
  std::string schedule;
  Knowledge knowledge = Knowledge::learned;
  std::int64_t calls = 0;
  double median = 0, p95 = 0, mean = 0;
  double total = 0;     ///< of the time of all calls, programs weighing the same, with what only taught
  double messages = 0;  ///< share of the time that messages took which only taught
  double trials = 0;    ///< per 1,000 calls
  double alarms = 0;    ///< per 1,000 calls
};

/// Of the grid of ranks 2-1024, latencies 10 us-50 ms, 10 Mbit/s-100 Gbit/s, 1e4-1e9 elements and densities
/// 1e-4-1: every cell reached from another.
RegretRow regret_on_grid(std::uint64_t seed);

/// A row for each schedule and way of choosing but `exact`.
std::vector<RegretRow> regret_on_schedules(const RegretOptions& options);

const char* name_of(Knowledge knowledge);

}  // namespace pliant::info

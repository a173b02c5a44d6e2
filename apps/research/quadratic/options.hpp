// The command line of pliant_quadratic.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/research/quadratic/bandwidth.hpp"
#include "apps/research/quadratic/problem.hpp"
#include "apps/research/quadratic/study.hpp"

namespace pliant::quadratic {

struct Options {
  ProblemOptions problem;
  BandwidthOptions bandwidth;
  std::string known = "now";  ///< the bandwidth that a sender knows: now, last
  double compute_s = 0.2;
  double latency_s = 0;
  double least_density = 1e-3;
  double target = 1e-3;
  int most_rounds = 20000;
  double most_s = 1e6;
  Grid grid;
  std::string csv;  ///< path; empty: no file
  bool json = false;
};

/// Returns nothing if the program goes on, otherwise its exit status. ranks: of the run; a single one plays
/// all roles. Prints errors if `speak`.
std::optional<int> parse_options(int argc, const char* const* argv, int ranks, bool speak, Options& options);

}  // namespace pliant::quadratic

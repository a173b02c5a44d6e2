// The command line of pliant_quality.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "apps/quality/training.hpp"
#include "collectives/allreduce.hpp"

namespace pliant::quality {

struct Options {
  TrainingOptions training;
  std::string dataset = "/usr/share/datasets/fashion-mnist";
  std::string family = "own";
  double density = 0.01;
  double until = 1;  ///< accuracy at which training ends
  double alpha_us = 1000;
  double gbps = 0.1;
  double time_ms = 0;  ///< for one allreduce; 0: not given
  bool live = false;
  bool no_calibration = false;
  std::vector<std::string> prices;                          ///< FAMILY=FACTOR
  std::array<double, kFamilies> factors{1, 1, 1, 1, 1, 1};  ///< of `prices`
};

/// Fills `options`; or the program's exit status, where there is nothing to do.
std::optional<int> parse_options(int argc, const char* const* argv, Options& options);

}  // namespace pliant::quality

// The command line of pliant_quality.
#pragma once

#include <optional>
#include <string>

#include "apps/research/quality/training.hpp"
#include "collectives/allreduce.hpp"

namespace pliant::quality {

struct Options {
  TrainingOptions training;
  std::string dataset = "/usr/share/datasets/fashion-mnist";
  std::string rule = "own";
  double density = 0.01;
  double until = 1;  ///< accuracy at which training ends
  double alpha_us = 1000;
  double gbps = 0.1;
  double time_ms = 0;  ///< for one allreduce; 0: not given
};

/// Fills `options`. Returns an exit status if there is nothing to run.
std::optional<int> parse_options(int argc, const char* const* argv, Options& options);

}  // namespace pliant::quality

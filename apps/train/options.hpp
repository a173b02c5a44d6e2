// The command line of pliant_train.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace pliant::train {

struct Options {
  std::string model = "mlp";
  std::string mode = "exact";
  std::string policy = "fixed";
  double density = 0.01;
  double time_budget_ms = 0;  ///< [ms] for one step; 0 = none
  std::string algorithm = "auto";
  std::string error_feedback = "ef14";
  int epochs = 5;
  int max_steps = 0;       ///< 0 = no limit
  double max_seconds = 0;  ///< [s] wall-clock time, evaluations included; 0 = no limit
  int batch = 32;          ///< images per rank and step
  double learning_rate = 0.05;
  double learning_rate_decay = 1;  ///< factor from one epoch to the next
  double momentum = 0.9;
  std::uint64_t seed = 1;
  std::string device = "host";
  std::string dataset = "/usr/share/datasets/fashion-mnist";
  int probe_every = 0;  ///< [steps] between measurements of the network; 0 = measure once
  int eval_every = 0;   ///< [steps]; 0 = only at the end of each epoch
  std::string history;  ///< path; empty = none
  std::string trace;    ///< path; empty = none
};

/// Fills `options`. Returns an exit status if there is nothing to train. Only rank 0 prints.
std::optional<int> parse_options(int argc, const char* const* argv, int rank, Options& options);

}  // namespace pliant::train

// Training for research on quality across algorithms. Ranks are simulated one after the other, by SGD with
// momentum on the mean of their sparse updates.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>

#include "apps/research/quality/exchange.hpp"
#include "apps/train/dataset.hpp"

namespace pliant::quality {

struct TrainingOptions {
  int ranks = 8;
  int batch = 32;  ///< images per rank and step
  int steps = 800;
  int eval_every = 20;
  double learning_rate = 0.05;
  double momentum = 0.9;
  std::uint64_t seed = 1;
};

/// Result of an evaluation after a step.
struct Progress {
  int step = 0;  ///< number of steps done
  double accuracy = 0;
  double staleness = 0;  ///< of this step
};

/// Each step sends `pair`. told: called after each evaluation; returns false to end the training.
void train(const TrainingOptions& options, const train::Dataset& dataset, Pair pair,
           const std::function<bool(const Progress&)>& told);

/// Number of elements of the model.
std::int64_t model_elements();

}  // namespace pliant::quality

// The training of research on quality across algorithms: ranks played one after the other, SGD with momentum
// on the mean of their sparse updates.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>

#include "apps/quality/exchange.hpp"
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

/// After a step at which the model was evaluated.
struct Progress {
  int step = 0;  ///< steps done
  double accuracy = 0;
  SimulatedExchange::Staleness staleness;  ///< of this step
};

/// What one step sends, and whether its staleness is wanted.
struct StepPlan {
  Pair pair;
  bool looked_at = false;
};

/// Who says what steps send.
struct Guide {
  std::function<StepPlan()> next;
  std::function<void(double sampled_staleness)> ended;  ///< each step; 0: it was not looked at
};

/// told: each evaluation; false ends the training.
void train(const TrainingOptions& options, const train::Dataset& dataset, const Guide& guide,
           const std::function<bool(const Progress&)>& told);

/// Elements of the model.
std::int64_t model_elements();

}  // namespace pliant::quality

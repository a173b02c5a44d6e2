// The networks to train: one row each in model.cpp.
#pragma once

#include <torch/torch.h>

#include <string>
#include <string_view>

namespace pliant::train {

struct ModelEntry {
  std::string_view name;
  std::string_view summary;
  torch::nn::Sequential (*make)();  ///< [n, 1, 28, 28] images -> [n, 10] logits
};

/// Returns nullptr if there is no such model.
const ModelEntry* find_model(std::string_view name);
/// Lists all models: `mlp (its summary), cnn (its summary)`.
std::string model_help();

}  // namespace pliant::train

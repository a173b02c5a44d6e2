// --device: where the model is.
#pragma once

#include <torch/torch.h>

#include <string>

#include "apps/train/world.hpp"

namespace pliant::train {

/// `name`: host or cuda. A GPU is the rank's number on its host modulo the host's GPUs. Collective. Throws
/// apps::Refused where some rank has no GPU that LibTorch can use.
torch::Device find_device(const World& world, const std::string& name);

}  // namespace pliant::train

// --device: the device that holds the model.
#pragma once

#include <torch/torch.h>

#include <string>

#include "apps/train/world.hpp"

namespace pliant::train {

/// `name`: host or cuda. A rank uses the GPU with its number on the host, modulo the host's GPUs. Collective.
/// Throws apps::Refused if a rank has no GPU that LibTorch can use.
torch::Device find_device(const World& world, const std::string& name);

}  // namespace pliant::train

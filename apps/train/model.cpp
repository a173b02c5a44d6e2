#include "apps/train/model.hpp"

#include <algorithm>
#include <array>

namespace pliant::train {
namespace {

namespace nn = torch::nn;

nn::Functional relu() {
  return nn::Functional(torch::relu);
}

nn::Sequential make_mlp() {
  return nn::Sequential(nn::Flatten(), nn::Linear(784, 512), relu(), nn::Linear(512, 256), relu(),
                        nn::Linear(256, 10));
}

// LeNet-5's shapes, with ReLU and maximum pooling.
nn::Sequential make_cnn() {
  const auto halve = [] { return nn::MaxPool2d(nn::MaxPool2dOptions(2)); };
  return nn::Sequential(nn::Conv2d(nn::Conv2dOptions(1, 6, 5).padding(2)), relu(), halve(),
                        nn::Conv2d(nn::Conv2dOptions(6, 16, 5)), relu(), halve(), nn::Flatten(),
                        nn::Linear(400, 120), relu(), nn::Linear(120, 84), relu(), nn::Linear(84, 10));
}

constexpr std::array kModels = {
    ModelEntry{"mlp", "784-512-256-10, 535,818 parameters", make_mlp},
    ModelEntry{"cnn", "LeNet-5, 61,706 parameters", make_cnn},
};

}  // namespace

const ModelEntry* find_model(std::string_view name) {
  const auto* const entry = std::find_if(kModels.begin(), kModels.end(),
                                         [&](const ModelEntry& model) { return model.name == name; });
  return entry == kModels.end() ? nullptr : entry;
}

std::string model_help() {
  std::string names;
  for (const ModelEntry& model : kModels) {
    names.append(names.empty() ? "" : ", ").append(model.name).append(" (").append(model.summary).append(")");
  }
  return names;
}

}  // namespace pliant::train

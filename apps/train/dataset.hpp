// Fashion-MNIST as Debian ships it: four gzipped IDX files.
#pragma once

#include <torch/torch.h>

#include <string>

namespace pliant::train {

struct ImageSet {
  torch::Tensor images;  ///< uint8 [n, 1, 28, 28]
  torch::Tensor labels;  ///< int64 [n], in [0, 10)

  std::int64_t count() const { return labels.size(0); }
};

struct Dataset {
  ImageSet training;
  ImageSet test;
};

/// Throws std::runtime_error, with a complete message, for a missing or invalid file.
Dataset load_dataset(const std::string& folder);

/// Converts uint8 pixels to float, so that the training images have mean 0 and standard deviation 1.
torch::Tensor normalise(const torch::Tensor& pixels);

}  // namespace pliant::train

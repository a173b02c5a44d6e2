// The training loop: batches, steps, evaluations, and a record of where the time went.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "apps/train/dataset.hpp"
#include "apps/train/gradient_exchange.hpp"
#include "apps/train/options.hpp"
#include "apps/train/progress.hpp"
#include "apps/train/time_limit.hpp"
#include "apps/train/world.hpp"

namespace pliant::train {

class Trainer {
 public:
  /// Collective. Throws apps::Refused for options that cannot be used together.
  Trainer(const World& world, const Options& options, const Dataset& dataset);

  /// Collective. Trains, and returns the program's last line (equal on all ranks). Throws apps::Refused if
  /// the ranks' parameters differ at the end.
  nlohmann::ordered_json run();

 private:
  struct Evaluation {
    double accuracy = 0;  ///< share of the test images
    double loss = 0;      ///< mean over the test images
    double clock_s = 0;   ///< since run() began, evaluations included; mean over ranks
  };

  void open_history();
  void share_parameters();
  void train_step();
  torch::Tensor next_batch();
  void update_parameters();
  void evaluate();
  void tell_step();
  void tell_evaluation(bool in_progress);
  bool parameters_identical() const;
  nlohmann::ordered_json summary() const;

  World world_;
  Options options_;
  Dataset dataset_;
  torch::Device device_;
  torch::nn::Sequential model_;
  std::vector<torch::Tensor> parameters_;
  std::vector<torch::Tensor> velocities_;
  GradientExchange exchange_;
  Progress progress_;
  TimeLimit time_limit_;
  std::ofstream history_;

  std::int64_t steps_per_epoch_ = 0;
  std::int64_t steps_ = 0;  ///< total number
  std::int64_t step_ = 0;   ///< number done
  torch::Tensor order_;     ///< int64 [images], this epoch's
  float training_loss_ = 0;
  Evaluation evaluation_;
  std::vector<double> step_compute_s_;        ///< [steps]
  std::vector<double> step_communication_s_;  ///< [steps]
  double seconds_ = 0;
};

}  // namespace pliant::train

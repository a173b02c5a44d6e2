// Sums all gradients of a model over the ranks: one grouped persistent request, started once per step.
#pragma once

#include <pliant/pliant.h>
#include <torch/torch.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "apps/train/options.hpp"

namespace pliant::train {

/// What this rank's reports add up to.
struct ExchangeTotals {
  std::int64_t steps = 0;
  double wire_bytes = 0;
  double density_sum = 0;
  double gain_sum = 0;
  std::map<std::string, std::int64_t> steps_of_algorithm;
};

class GradientExchange {
 public:
  /// Collective. Gives every parameter a gradient that stays at its address for good.
  /// Throws apps::Refused for options that Pliant refuses.
  GradientExchange(const std::vector<torch::Tensor>& parameters, const Options& options);
  ~GradientExchange();
  GradientExchange(const GradientExchange&) = delete;
  GradientExchange& operator=(const GradientExchange&) = delete;

  /// Collective. Every gradient becomes its sum over the ranks.
  void sum_gradients();
  /// Collective. Measure the network anew: the following steps are decided by what it is now.
  void probe();
  /// Local.
  void zero_gradients();

  /// Of the last step.
  const Pliant_Report& report() const { return report_; }
  const ExchangeTotals& totals() const { return totals_; }
  /// The value in force of a setting, wherever it came from.
  const std::string& setting(const std::string& key) const { return settings_.at(key); }

 private:
  void add_report();

  std::vector<torch::Tensor> gradients_;
  std::map<std::string, std::string> settings_;
  Pliant_Request request_ = PLIANT_REQUEST_NULL;
  Pliant_Report report_{};
  ExchangeTotals totals_;
};

}  // namespace pliant::train

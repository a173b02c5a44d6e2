// Sums all gradients of a model over the ranks: one persistent grouped request, started once per step.
#pragma once

#include <pliant/pliant.h>
#include <torch/torch.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "apps/train/options.hpp"

namespace pliant::train {

/// Sums over this rank's reports.
struct ExchangeTotals {
  std::int64_t steps = 0;
  double wire_bytes = 0;
  double density_sum = 0;
  double gain_sum = 0;
  std::map<std::string, std::int64_t> steps_of_algorithm;
};

class GradientExchange {
 public:
  /// Collective. Gives every parameter a gradient with a fixed address. Throws apps::Refused for options that
  /// Pliant refuses.
  GradientExchange(const std::vector<torch::Tensor>& parameters, const Options& options);
  ~GradientExchange();
  GradientExchange(const GradientExchange&) = delete;
  GradientExchange& operator=(const GradientExchange&) = delete;

  /// Collective. Replaces every gradient by its sum over the ranks.
  void sum_gradients();
  /// Collective. Measures the network again, for the decisions of the following steps.
  void probe();
  /// Local.
  void zero_gradients();

  /// Pliant's report of the last step.
  const Pliant_Report& report() const { return report_; }
  const ExchangeTotals& totals() const { return totals_; }
  /// The current value of a setting, from whatever source.
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

#include "planner/slope.hpp"

#include <algorithm>

namespace pliant {
namespace {

/// Relative step of a secant, either way. It is wide enough that a choice which an algorithm makes for a per
/// cent (segments.hpp) does not look like a slope.
constexpr double kReach = 0.1;

/// d cost / d number, times the number.
double elasticity_s(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape, CostModel model,
                    double LinkModel::*number) {
  const double middle = model.link.*number;
  model.link.*number = middle * (1 + kReach);
  const double above_s = algorithm.cost_s(shape, model);
  model.link.*number = middle * (1 - kReach);
  const double below_s = algorithm.cost_s(shape, model);
  return std::max(0.0, (above_s - below_s) / (2 * kReach));
}

}  // namespace

CostSlope slope_of(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape, const CostModel& model) {
  const double total_s = algorithm.cost_s(shape, model);
  double latency_s = elasticity_s(algorithm, shape, model, &LinkModel::alpha_s);
  double transfer_s = elasticity_s(algorithm, shape, model, &LinkModel::beta_s_per_byte);
  // Secants may overestimate both: scale them down so that their sum does not exceed the whole.
  const double excess = std::max(1.0, (latency_s + transfer_s) / std::max(total_s, 1e-300));
  latency_s /= excess;
  transfer_s /= excess;
  return {.messages = model.link.alpha_s > 0 ? latency_s / model.link.alpha_s : 0,
          .bytes = model.link.beta_s_per_byte > 0 ? transfer_s / model.link.beta_s_per_byte : 0,
          .fixed_s = std::max(0.0, total_s - latency_s - transfer_s)};
}

}  // namespace pliant

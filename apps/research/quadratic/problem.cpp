#include "apps/research/quadratic/problem.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace pliant::quadratic {
namespace {

/// Number `index` of `parts` numbers from 1 to `last` in geometric progression.
double geometric(double last, int index, int parts) {
  return parts < 2 ? 1 : std::pow(last, static_cast<double>(index) / (parts - 1));
}

/// [layers + 1]; every layer has at least one element.
std::vector<std::int64_t> begins_of(const ProblemOptions& options) {
  double weights = 0;
  for (int l = 0; l < options.layers; ++l) weights += geometric(options.length_skew, l, options.layers);
  std::vector<std::int64_t> begins = {0};
  double share = 0;
  for (int l = 0; l < options.layers; ++l) {
    share += geometric(options.length_skew, l, options.layers) / weights;
    const auto end = static_cast<std::int64_t>(std::llround(share * static_cast<double>(options.dimension)));
    begins.push_back(std::clamp(end, begins.back() + 1, options.dimension - (options.layers - 1 - l)));
  }
  return begins;
}

}  // namespace

Problem::Problem(const ProblemOptions& options) : layer_begins_(begins_of(options)) {
  std::mt19937_64 random(options.seed);
  std::uniform_real_distribution<double> uniform;
  std::normal_distribution<double> normal;
  const auto count = static_cast<std::size_t>(options.dimension);
  curvature_.reserve(count);
  for (int l = 0; l < options.layers; ++l)
    for (auto i = layer_begins_[static_cast<std::size_t>(l)];
         i < layer_begins_[static_cast<std::size_t>(l) + 1]; ++i)
      curvature_.push_back(static_cast<float>(std::pow(options.condition, -uniform(random)) /
                                              geometric(options.layer_skew, l, options.layers)));
  smoothness_ = *std::max_element(curvature_.begin(), curvature_.end());

  centres_.assign(static_cast<std::size_t>(options.workers), std::vector<float>(count));
  optimum_.assign(count, 0.0);
  for (std::size_t i = 0; i < count; ++i) {
    const double common = normal(random);
    for (std::vector<float>& centre : centres_) {
      centre[i] = static_cast<float>(common + options.heterogeneity * normal(random));
      optimum_[i] += static_cast<double>(centre[i]) / options.workers;
    }
  }
  first_gap_ = gap(std::vector<float>(count));
}

void Problem::gradient(int worker, std::span<const float> at, std::span<float> out) const {
  const std::vector<float>& centre = centres_[static_cast<std::size_t>(worker)];
  for (std::size_t i = 0; i < at.size(); ++i) out[i] = curvature_[i] * (at[i] - centre[i]);
}

double Problem::error(std::span<const float> at) const {
  return gap(at) / first_gap_;
}

double Problem::gap(std::span<const float> at) const {
  double sum = 0;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const double from_optimum = static_cast<double>(at[i]) - optimum_[i];
    sum += static_cast<double>(curvature_[i]) * from_optimum * from_optimum;
  }
  return sum / 2;
}

}  // namespace pliant::quadratic

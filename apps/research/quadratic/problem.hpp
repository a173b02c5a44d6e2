// The problem to solve: a convex quadratic, shared between workers.
//
//   f(x) = 1/M sum_m f_m(x),   f_m(x) = 1/2 sum_i a_i (x_i - c_mi)^2,   x in R^d, from x = 0
//
// The vector has layers of unequal length and curvature. The workers' c_m differ, so their gradients do not
// vanish at the optimum, which is the mean of the c_m.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pliant::quadratic {

struct ProblemOptions {
  int workers = 4;
  std::int64_t dimension = 1024;  ///< d
  int layers = 4;
  double condition = 100;   ///< largest / smallest curvature within a layer; log-uniform between them
  double layer_skew = 30;   ///< curvature of the first layer / of the last; geometric between them
  double length_skew = 20;  ///< length of the last layer / of the first; geometric between them
  double heterogeneity =
      1;  ///< standard deviation of the workers' c_m about their mean; that of the mean is 1
  std::uint64_t seed = 1;
};

class Problem {
 public:
  explicit Problem(const ProblemOptions& options);

  int workers() const { return static_cast<int>(centres_.size()); }
  std::int64_t dimension() const { return static_cast<std::int64_t>(curvature_.size()); }
  /// [layers + 1] the first element of each layer, and d.
  std::span<const std::int64_t> layer_begins() const { return layer_begins_; }
  /// L, the largest curvature. The gradients of f and of every f_m are L-Lipschitz.
  double smoothness() const { return smoothness_; }

  /// Writes the gradient of f_worker at `at` to `out`. Both [d].
  void gradient(int worker, std::span<const float> at, std::span<float> out) const;
  /// (f(at) - f*) / (f(0) - f*). at: [d].
  double error(std::span<const float> at) const;

 private:
  double gap(std::span<const float> at) const;

  std::vector<std::int64_t> layer_begins_;
  std::vector<float> curvature_;             ///< [d]
  std::vector<std::vector<float>> centres_;  ///< [workers][d]
  std::vector<double> optimum_;              ///< [d]
  double smoothness_ = 0;
  double first_gap_ = 0;
};

}  // namespace pliant::quadratic

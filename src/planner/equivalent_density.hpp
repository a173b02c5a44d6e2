// Equivalent density: how lossy candidates with different selection rules, and so different k, are compared.
// The factors stand in equivalent_density.cpp. The arithmetic is plain IEEE, so all processors agree.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "collectives/allreduce.hpp"

namespace pliant {

/// Factors for one call's shape. Density d of allgather_topk's selection rule and density e of another rule
/// are equally good if
///   e / (1 - e) = factor x d / (1 - d).
///
/// At low densities the other rule needs `factor` times as many elements. At density 1 all rules are equal.
struct EquivalentDensity {
  using Factors = std::array<double, kSelectionRules>;
  Factors ranks{1, 1, 1, 1, 1};  ///< relative to allgather_topk's rule, among all ranks; > 0
  Factors hosts{1, 1, 1, 1, 1};  ///< for two-level algorithms, whose hosts act as ranks

  double factor(const AllreduceAlgorithm& algorithm) const {
    if (!algorithm.rule) return 1;
    return (algorithm.two_level ? hosts : ranks)[static_cast<std::size_t>(*algorithm.rule)];
  }
  /// k of `algorithm` that is as good as `own_kept` elements of allgather_topk; in [1, count], monotone in
  /// own_kept.
  std::int64_t kept(const AllreduceAlgorithm& algorithm, std::int64_t own_kept, std::int64_t count) const {
    const double found = as_good(factor(algorithm), own_kept, count);
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(found)), 1, count);
  }
  /// Elements of allgather_topk that are as good as `kept` elements of `algorithm`; in (0, count].
  double own_kept(const AllreduceAlgorithm& algorithm, std::int64_t kept, std::int64_t count) const {
    return as_good(1 / factor(algorithm), kept, count);
  }

  friend bool operator==(const EquivalentDensity&, const EquivalentDensity&) = default;

 private:
  static double as_good(double factor, std::int64_t kept, std::int64_t count) {
    if (factor == 1 || kept >= count) return static_cast<double>(kept);
    const auto sent = static_cast<double>(kept);
    const auto left = static_cast<double>(count - kept);
    return static_cast<double>(count) * (factor * sent) / (factor * sent + left);
  }
};

/// By steps to the same accuracy in trainings (equivalent_density.cpp).
EquivalentDensity usual_equivalents(const Topology& topology);

}  // namespace pliant

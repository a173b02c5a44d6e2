#include "planner/equivalent_density.hpp"

#include <cmath>

namespace pliant {
namespace {

/// Factors with kRanks ranks, by steps to the same accuracy: (steps / those of `own`)^(16/3), because steps fall with
/// k^(3/16). The exponents fitted to accuracies 0.84 and 0.85, at densities from 10 % to 0.01 %, are 0.193 and 0.198.
/// Steps: docs/results/2026-11-23-quality.md.
struct Usual {
  double factor;
  bool shares_out;  ///< a rank's finds are a share of k, or wait for its turn; `own` sends up to P k places
};
constexpr double kRanks = 8;
constexpr std::array<Usual, kSelectionRules> kUsual = {{
    {1, false},  // own
    {3, false},  // sum
    {3, true},   // quota
    {40, true},  // turn
    {12, true},  // heaviest
}};

/// Factors - 1 grow with (ranks - 1)^(3/2) where k is shared out, with its root where it is not.
EquivalentDensity::Factors factors_among(int ranks) {
  const double others = (ranks - 1) / (kRanks - 1);
  EquivalentDensity::Factors factors{};
  for (std::size_t i = 0; i < factors.size(); ++i)
    factors[i] = 1 + (kUsual[i].factor - 1) * std::sqrt(others) * (kUsual[i].shares_out ? others : 1);
  return factors;
}

}  // namespace

EquivalentDensity usual_equivalents(const Topology& topology) {
  return {factors_among(topology.ranks), factors_among(topology.hosts)};
}

}  // namespace pliant

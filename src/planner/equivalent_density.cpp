#include "planner/equivalent_density.hpp"

#include <cmath>

#include "collectives/registry.hpp"

namespace pliant {
namespace {

/// With kRanks ranks. Price: of steps to the same accuracy, (steps / those of `own`)^(16/3), since steps fall
/// with k^(3/16) (to 0.84 and 0.85, densities 10 % to 0.01 %, research on quality: exponents 0.193 and
/// 0.198). Source: docs/policies.md.
struct Usual {
  double factor;
  bool shares_out;  ///< what one rank finds is a share of k, or waits for its turn; `own` sends up to P k
                    ///< places
};
constexpr double kRanks = 8;
constexpr std::array<Usual, kSelectionRules> kUsual = {{
    {1, false},  // exact
    {1, false},  // own
    {3, false},  // sum
    {3, true},   // quota
    {40, true},  // turn
    {12, true},  // heaviest
}};

/// With the ranks other than one: their power 3/2 where k is shared out, 1/2 where it is not.
EquivalentDensity::Factors factors_among(int ranks) {
  const double others = (ranks - 1) / (kRanks - 1);
  EquivalentDensity::Factors prices{};
  for (std::size_t i = 0; i < prices.size(); ++i)
    prices[i] = 1 + (kUsual[i].factor - 1) * std::sqrt(others) * (kUsual[i].shares_out ? others : 1);
  return prices;
}

}  // namespace

EquivalentDensity usual_equivalents(const AllreduceShape& shape) {
  return {factors_among(shape.ranks), factors_among(shape.hosts)};
}

}  // namespace pliant

// Kimad+: chooses how much each of several tensors sends. The summed squared error is minimised under one
// budget of bytes.
//
// No search is needed if every tensor sends float32 values of any k. The optimum is then one top-k over all
// tensors together, since each further element reduces the error by its own square. A grouped request selects
// in this way, once over its packed tensors. The test tests/planner/density/layers_test.cpp compares the optimum with
// exhaustive search.
//
// The dynamic programme below is for cases that no threshold can solve: coarse grids of densities, value
// codecs of several widths, and tensors with separate messages. Its time is O(tensors x options x units).
// Source: Xin et al., arXiv 2312.08053, section 3.2 and Algorithm 4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "compress/value_codec.hpp"
#include "compress/wire.hpp"

namespace pliant {

/// One way of sending a tensor.
struct LayerOption {
  std::int64_t kept = 0;                      ///< elements that are sent
  const ValueCodec* codec = &float32_values;  ///< codec of their values
  double bytes = 0;                           ///< [byte] on the wire, >= 0
  double squared_error = 0;                   ///< squared norm of the omitted and rounded parts, >= 0
};

/// The options of a tensor: each density with each codec.
struct LayerGrid {
  std::span<const double> densities;  ///< in (0, 1]
  std::span<const ValueCodec* const> codecs = value_codecs();
  const IndexCodec* indices = &raw_indices;
};

/// All options of the grid for a tensor whose magnitudes are in `curve`. Bytes are those of a message
/// (compress/wire.hpp). Errors come from the histogram, and are within a few per cent for smooth
/// distributions.
std::vector<LayerOption> layer_options(const GainCurve& curve, const LayerGrid& grid);

/// [tensors] The option that each tensor sends.
struct LayerChoice {
  std::vector<std::size_t> chosen;
  double bytes = 0;          ///< sum over the chosen options
  double squared_error = 0;  ///< sum over the chosen options
  bool feasible = true;      ///< false: even the shortest options do not fit; those are chosen
};

/// Units of a budget: about as many as Kimad's users take (1,000).
inline constexpr int kBudgetUnits = 1000;

/// Returns the choice of at most `budget_bytes` with the least summed squared error. layers: [tensors] of at
/// least one option each. The search starts from the shortest option of every tensor, and rounds all further
/// bytes up to units: (budget - shortest options) / units each. So the budget is never exceeded, and the
/// error is at most that of the best choice for budget x (1 - tensors / units). Deterministic: equal on all
/// ranks for equal input. Memory: 2 bytes per tensor and unit.
LayerChoice choose_layers(std::span<const std::vector<LayerOption>> layers, double budget_bytes,
                          int units = kBudgetUnits);

}  // namespace pliant

// Kimad+: how much each of several tensors sends, so that the summed squared error is least under one budget
// of bytes.
//
// Where every tensor sends float32 values of any k, the answer needs no search: one top-k over all tensors
// together is the optimum, since each further element is worth its own square (tests/policy/layers_test.cpp
// proves it against exhaustive search). That is what a grouped request does: it selects once over its packed
// tensors. The dynamic programme below is for what a threshold cannot answer: coarse grids of densities,
// value codecs of several widths, and tensors whose messages are separate. Source: Xin et al., arXiv
// 2312.08053, section 3.2 and Algorithm 4: O(tensors x options x units).
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
  std::int64_t kept = 0;                      ///< elements
  const ValueCodec* codec = &float32_values;  ///< of their values
  double bytes = 0;                           ///< [byte] on the wire, >= 0
  double squared_error = 0;                   ///< squared norm of what is left out and rounded off, >= 0
};

/// What the options of a tensor are made of: each density with each codec.
struct LayerGrid {
  std::span<const double> densities;  ///< in (0, 1]
  std::span<const ValueCodec* const> codecs = value_codecs();
  const IndexCodec* indices = &raw_indices;
};

/// All ways of the grid to send a tensor whose magnitudes are `curve`'s. Bytes are those of a message
/// (compress/wire.hpp); errors are the histogram's: for smooth distributions within a few per cent.
std::vector<LayerOption> layer_options(const GainCurve& curve, const LayerGrid& grid);

/// [tensors] of the option each sends.
struct LayerChoice {
  std::vector<std::size_t> chosen;
  double bytes = 0;          ///< of all chosen
  double squared_error = 0;  ///< of all chosen
  bool feasible = true;      ///< false: not even the shortest options fit; these are the ones chosen
};

/// Steps into which a budget is cut: about what Kimad's users take (1,000).
inline constexpr int kBudgetUnits = 1000;

/// Least summed squared error among choices of at most `budget_bytes`. layers: [tensors] of at least one
/// option each. Lengths are rounded up to units, budget / units each, once every tensor has its shortest
/// option: so the budget is never exceeded, and the error is no more than that of the best choice for budget
/// x (1 - tensors / units). Deterministic: equal on all ranks for equal input. Memory: 2 bytes a tensor and
/// unit.
LayerChoice choose_layers(std::span<const std::vector<LayerOption>> layers, double budget_bytes,
                          int units = kBudgetUnits);

}  // namespace pliant

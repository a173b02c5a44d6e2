// The compared modes: each decides how many elements of each layer a message has.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace pliant::quadratic {

/// Input of a mode for one message.
struct Offer {
  std::span<const std::int64_t> layer_begins;  ///< [layers + 1]
  std::span<const float> change;               ///< [d] the change to send
  double budget_bytes = 0;                     ///< for the whole message
  double least_density = 0;                    ///< contraction floor: no layer sends less
};

struct Mode {
  std::string_view name;
  std::string_view summary;
  bool adaptive;  ///< the budget follows the bandwidth (Kimad); otherwise it is constant
  /// [layers] elements that each layer sends, at most its length. Together they fit into the budget. If the
  /// floor does not fit, this is the floor.
  std::vector<std::int64_t> (*choose)(const Offer& offer);
};

std::span<const Mode* const> modes();

/// Throws Error(argument), which lists the valid names.
const Mode& find_mode(std::string_view name);

/// [layers] least elements of each layer: ceil(least density x length), at least 1. Top-k of k of n elements
/// contracts by at least k / n. Several layers together contract by the least of their factors.
std::vector<std::int64_t> floor_of(const Offer& offer);

}  // namespace pliant::quadratic

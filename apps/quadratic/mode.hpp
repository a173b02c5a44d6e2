// How much of each layer a message has: the modes that are compared.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace pliant::quadratic {

/// What a mode knows when a message is due.
struct Offer {
  std::span<const std::int64_t> layer_begins;  ///< [layers + 1]
  std::span<const float> change;               ///< [d] what is to be sent
  double budget_bytes = 0;                     ///< of the whole message
  double least_density = 0;                    ///< contraction floor: no layer sends less
};

struct Mode {
  std::string_view name;
  std::string_view summary;
  bool adaptive;  ///< the budget follows the bandwidth (Kimad); otherwise it is always the same
  /// [layers] elements that each layer sends: together within the budget, and at most a layer's length; where
  /// the budget is below the floor, the floor.
  std::vector<std::int64_t> (*choose)(const Offer& offer);
};

std::span<const Mode* const> modes();

/// Throws Error(argument) that lists the names there are.
const Mode& find_mode(std::string_view name);

/// [layers] what the floor asks for: ceil(least density x length), and at least 1. Top-k of k of n elements
/// contracts by k / n at least, and of layers side by side by the least of theirs.
std::vector<std::int64_t> floor_of(const Offer& offer);

}  // namespace pliant::quadratic

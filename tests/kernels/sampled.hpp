// The places that a guess samples, for adversarial inputs.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "kernels/guess.hpp"

namespace pliant::test {

/// [count] true at the places that guess_threshold reads of a vector of `count` elements when `kept` are
/// wanted. Each element's magnitude is its index + 1, so the sample left in memory reveals the places.
inline std::vector<bool> sampled_positions(std::int64_t count, std::int64_t kept) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i)
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(i + 1)));
  const SelectCall<float> call{.residual = values.data(), .count = count, .kept = kept};
  Scratch memory;
  constexpr std::int64_t kEntries = 1 << 18;  // more than any sample has: all zero before
  const auto* const entries = memory.of<std::int32_t>(kEntries);
  guess_threshold(call, 3, memory);
  std::vector<bool> sampled(values.size());
  for (std::int64_t j = 0; j < kEntries; ++j)
    if (entries[j] > 0) sampled[static_cast<std::size_t>(entries[j] - 1)] = true;
  return sampled;
}

}  // namespace pliant::test

// Where a guess looks: what an adversary needs to know.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "kernels/guess.hpp"

namespace pliant::test {

/// [count] true where guess_threshold reads a vector of so many elements of which `kept` are wanted. Each
/// element's magnitude is its index + 1, so that the sample, which stays in the memory, tells.
inline std::vector<bool> sampled_positions(std::int64_t count, std::int64_t kept) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i)
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(i + 1)));
  const SelectCall<float> call{.residual = values.data(), .count = count, .kept = kept};
  Room memory;
  constexpr std::int64_t kEntries = 1 << 18;  // more than any sample has: all zero before
  const auto* const entries = memory.of<std::int32_t>(kEntries);
  guess_threshold(call, 3, memory);
  std::vector<bool> sampled(values.size());
  for (std::int64_t j = 0; j < kEntries; ++j)
    if (entries[j] > 0) sampled[static_cast<std::size_t>(entries[j] - 1)] = true;
  return sampled;
}

}  // namespace pliant::test

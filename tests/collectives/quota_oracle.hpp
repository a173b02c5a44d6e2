// The places that quota_* must send, by a slow and independent implementation from the inputs of all ranks.
#pragma once

#include <iterator>
#include <set>

#include "tests/support/topk_oracle.hpp"

namespace pliant::test {

/// Nomination of one rank.
struct NominationOracle {
  std::vector<std::uint32_t> primary;
  std::vector<std::uint32_t> reserve;
};

/// Rank r nominates k / P elements, and one more if (r + step) mod P < k mod P. Its reserve has an eighth as
/// many, plus one.
inline NominationOracle nomination_oracle(const std::vector<float>& input, std::int64_t kept, int ranks,
                                          int rank, std::int64_t step) {
  const std::int64_t primary = kept / ranks + ((rank + step) % ranks < kept % ranks ? 1 : 0);
  if (primary == 0) return {};
  const auto both = std::min(primary + primary / 8 + 1, static_cast<std::int64_t>(input.size()));
  NominationOracle nomination{topk_oracle(input, primary), {}};
  const std::vector<std::uint32_t> largest = topk_oracle(input, both);
  std::set_difference(largest.begin(), largest.end(), nomination.primary.begin(), nomination.primary.end(),
                      std::back_inserter(nomination.reserve));
  return nomination;
}

/// inputs: of all ranks, in order.
inline std::vector<std::uint32_t> quota_oracle(const std::vector<std::vector<float>>& inputs,
                                               std::int64_t kept, std::int64_t step) {
  const int ranks = static_cast<int>(inputs.size());
  std::set<std::uint32_t> places;
  std::vector<std::vector<std::uint32_t>> reserves(inputs.size());
  std::size_t longest = 0;
  for (int rank = 0; rank < ranks; ++rank) {
    const auto r = static_cast<std::size_t>(rank);
    NominationOracle nomination = nomination_oracle(inputs[r], kept, ranks, rank, step);
    places.insert(nomination.primary.begin(), nomination.primary.end());
    reserves[r] = std::move(nomination.reserve);
    longest = std::max(longest, reserves[r].size());
  }
  const auto missing = [&] { return static_cast<std::int64_t>(places.size()) < kept; };
  for (std::size_t turn = 0; turn < longest; ++turn)
    for (int i = 0; i < ranks; ++i) {
      const auto& reserve = reserves[static_cast<std::size_t>((step + i) % ranks)];
      if (missing() && turn < reserve.size()) places.insert(reserve[turn]);
    }
  for (std::uint32_t place = 0; missing(); ++place) places.insert(place);
  return {places.begin(), places.end()};
}

}  // namespace pliant::test

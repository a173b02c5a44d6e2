#include "netprobe/ladder.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace pliant {

Ladder random_ladder(std::uint64_t seed) {
  constexpr std::size_t kHeldOutEvery = 4;
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> share(0, 1);
  const std::size_t offset = random() % kHeldOutEvery;
  Ladder ladder;
  ladder.front() = {1, false};
  for (std::size_t i = 1; i < ladder.size(); ++i) {
    const double low = kLadderEdges_bytes[i - 1];
    const double high = kLadderEdges_bytes[i];
    const auto bytes = static_cast<std::int32_t>(low * std::pow(high / low, share(random)));
    ladder[i] = {std::clamp(bytes, kLadderEdges_bytes[i - 1], kLadderEdges_bytes[i]),
                 i % kHeldOutEvery == offset && i != kAnchorRung};
  }
  return ladder;
}

}  // namespace pliant

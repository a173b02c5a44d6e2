// What k is worth in the families of lossy algorithms: how candidates with unlike k are compared. Plain
// numbers, made by policy/quality.hpp; the arithmetic is IEEE's alone, so that processors do not differ.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "collectives/allreduce.hpp"

namespace pliant {

/// Of one call's shape. A density d and a density e of another family are as good as one another where
///   e / (1 - e) = price x d / (1 - d):
/// at low densities `price` times as many elements; and whatever the price, sending everything is the same in
/// all families.
struct Worth {
  using Prices = std::array<double, kFamilies>;
  Prices ranks{1, 1, 1, 1, 1, 1};  ///< in elements of allgather_topk's family, among all ranks; > 0
  Prices hosts{1, 1, 1, 1, 1, 1};  ///< of two-level algorithms, whose hosts act as ranks

  double price(const AllreduceAlgorithm& algorithm) const {
    return (algorithm.two_level ? hosts : ranks)[static_cast<std::size_t>(algorithm.family)];
  }
  /// k of the algorithm that is as good as `own_kept` of allgather_topk's; in [1, count], rises with it.
  std::int64_t kept(const AllreduceAlgorithm& algorithm, std::int64_t own_kept, std::int64_t count) const {
    const double found = as_good(price(algorithm), own_kept, count);
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(found)), 1, count);
  }
  /// Elements of allgather_topk's that are as good as `kept` of the algorithm; in (0, count].
  double own_kept(const AllreduceAlgorithm& algorithm, std::int64_t kept, std::int64_t count) const {
    return as_good(1 / price(algorithm), kept, count);
  }

  friend bool operator==(const Worth&, const Worth&) = default;

 private:
  static double as_good(double price, std::int64_t kept, std::int64_t count) {
    if (price == 1 || kept >= count) return static_cast<double>(kept);
    const auto sent = static_cast<double>(kept);
    const auto left = static_cast<double>(count - kept);
    return static_cast<double>(count) * (price * sent) / (price * sent + left);
  }
};

}  // namespace pliant

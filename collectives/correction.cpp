#include "collectives/correction.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace pliant {
namespace {

constexpr double kUnseenVariance = Corrections::kUnseen * Corrections::kUnseen;
constexpr double kWalk = 1e-5;      // variance of the logarithm by which formulas get wronger a visit
constexpr double kHalfLife = 1000;  // runs of any algorithm after which half of what was learned is left
constexpr double kNeighbour = 0.7;  // of what was learned, what holds one class away
constexpr int kFarthest = 4;        // classes
constexpr double kClip = 3;         // standard deviations beyond which a run counts no more
const double kMostLog = std::log(Corrections::kMost);

/// What was learned, of which only `weight` is to be believed.
Correction faded(double log_factor, double variance, double weight) {
  return {std::exp(weight * log_factor), kUnseenVariance + weight * (variance - kUnseenVariance)};
}

}  // namespace

std::size_t Corrections::class_of(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape) {
  const std::int64_t bytes = algorithm.exact ? shape.bytes() : shape.kept_bytes() + shape.index_bytes();
  const auto width = std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(0, bytes)));
  return std::min(static_cast<std::size_t>(width), kClasses - 1);
}

Correction Corrections::at(std::size_t algorithm, std::size_t size_class) const {
  const auto& row = cells_[algorithm];
  for (int distance = 0; distance <= kFarthest; ++distance) {
    const Cell* found = nullptr;
    for (const int step : {-distance, distance}) {
      const auto place = static_cast<std::size_t>(static_cast<int>(size_class) + step);
      if (place < kClasses && row[place].variance >= 0 &&
          (found == nullptr || row[place].learned_at > found->learned_at))
        found = &row[place];
    }
    if (found == nullptr) continue;
    const double age = static_cast<double>(learned_ - found->learned_at);
    return faded(found->log_factor, found->variance,
                 std::exp2(-age / kHalfLife) * std::pow(kNeighbour, distance));
  }
  return {1, kUnseenVariance};
}

Correction Corrections::of(std::size_t algorithm, const AllreduceShape& shape) const {
  return at(algorithm, class_of(*kAlgorithms[algorithm], shape));
}

bool Corrections::learn(std::size_t algorithm, const AllreduceShape& shape, double log_ratio,
                        double variance) {
  const std::size_t size_class = class_of(*kAlgorithms[algorithm], shape);
  const Correction before = at(algorithm, size_class);
  const double total = before.variance + variance;
  const double most = kClip * std::sqrt(total);
  const double gain = before.variance / total;
  const double log_before = std::log(before.factor);
  const double log_after =
      std::clamp(log_before + gain * std::clamp(log_ratio, -most, most), -kMostLog, kMostLog);
  // What is far off says that little was known.
  const bool far_off = std::abs(log_ratio) > most;
  const double left = far_off ? before.variance : (1 - gain) * before.variance;
  cells_[algorithm][size_class] = {.log_factor = static_cast<float>(log_after),
                                   .variance = static_cast<float>(std::min(left + kWalk, kUnseenVariance)),
                                   .learned_at = ++learned_};
  return std::abs(log_after - log_before) > 0.01;
}

}  // namespace pliant

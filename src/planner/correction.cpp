#include "planner/correction.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace pliant {
namespace {

constexpr double kUnseenVariance = Corrections::kUnseen * Corrections::kUnseen;
constexpr double kWalk = 1e-5;      // variance of the logarithm added by each run: formulas drift
constexpr double kHalfLife = 1000;  // runs of any algorithm after which half of what was learned is left
constexpr double kNeighbour = 0.7;  // share of what was learned that holds one class away
constexpr int kFarthest = 4;        // classes
constexpr double kClip = 3;         // standard deviations; a run further off counts as if it were this far
const double kMostLog = std::log(Corrections::kMost);
constexpr std::int64_t kMostRuns = std::int64_t{1} << 53;

bool can_be(const Corrections::Cell& cell, std::int64_t learned) {
  const float unknown = static_cast<float>(kUnseenVariance);
  return cell.variance == Corrections::Cell{}.variance ||
         (std::abs(cell.log_factor) <= static_cast<float>(kMostLog) && cell.variance >= 0 &&
          cell.variance <= unknown && cell.learned_at >= 0 && cell.learned_at <= learned);
}

/// The learned factor with weight `weight`, the other algorithms' mean for the rest.
Correction faded(const Corrections::Cell& learned, double weight, double log_others) {
  return {std::exp(weight * learned.log_factor + (1 - weight) * log_others),
          kUnseenVariance + weight * (static_cast<double>(learned.variance) - kUnseenVariance)};
}

/// Shrinks a mean known up to `variance` towards zero: the positive part of James and Stein's estimator
/// (Fourth Berkeley Symposium, 1961; Baranchik, 1964).
double shrunk(double mean, double variance) {
  return mean == 0 ? 0 : mean * std::max(0.0, 1 - variance / (mean * mean));
}

}  // namespace

std::size_t Corrections::class_of(const AllreduceAlgorithm& algorithm, const AllreduceShape& shape) {
  const std::int64_t bytes = algorithm.exact ? shape.bytes() : shape.kept_bytes() + shape.index_bytes();
  const auto width = std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(0, bytes)));
  return std::min(static_cast<std::size_t>(width), kClasses - 1);
}

double Corrections::believed(const Cell& cell) const {
  return std::exp2(-static_cast<double>(learned_ - cell.learned_at) / kHalfLife);
}

double Corrections::log_of_others(std::size_t algorithm, std::size_t size_class) const {
  for (int distance = 0; distance <= (learned_ > 0 ? kFarthest : -1); ++distance) {
    double sum = 0;
    double weights = 0;
    for (std::size_t other = 0; other < cells_.size(); ++other) {
      // MPI's own allreduce tells nothing about these formulas.
      if (other == algorithm || kAlgorithms[other]->calls_mpi ||
          kAlgorithms[other]->exact != kAlgorithms[algorithm]->exact)
        continue;
      const Cell* const cell = nearest(other, size_class, distance);
      if (cell == nullptr) continue;
      const double weight = believed(*cell) * (1 - static_cast<double>(cell->variance) / kUnseenVariance);
      sum += weight * cell->log_factor;
      weights += weight;
    }
    if (weights > 0) return std::pow(kNeighbour, distance) * shrunk(sum / weights, kUnseenVariance / weights);
  }
  return 0;
}

const Corrections::Cell* Corrections::nearest(std::size_t algorithm, std::size_t size_class,
                                              int distance) const {
  const Cell* found = nullptr;
  for (const int step : {-distance, distance}) {
    const std::size_t place = size_class + static_cast<std::size_t>(step);  // wraps around below 0
    if (place >= kClasses || cells_[algorithm][place].variance < 0) continue;
    if (found == nullptr || cells_[algorithm][place].learned_at > found->learned_at)
      found = &cells_[algorithm][place];
  }
  return found;
}

Correction Corrections::at(std::size_t algorithm, std::size_t size_class) const {
  const double others = log_of_others(algorithm, size_class);
  for (int distance = 0; distance <= kFarthest; ++distance)
    if (const Cell* const found = nearest(algorithm, size_class, distance))
      return faded(*found, believed(*found) * std::pow(kNeighbour, distance), others);
  return {std::exp(others), kUnseenVariance};
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
  // A run this far off shows that the variance was too small, so keep it.
  const bool far_off = std::abs(log_ratio) > most;
  const double left = far_off ? before.variance : (1 - gain) * before.variance;
  cells_[algorithm][size_class] = {.log_factor = static_cast<float>(log_after),
                                   .variance = static_cast<float>(std::min(left + kWalk, kUnseenVariance)),
                                   .learned_at = ++learned_};
  return std::abs(log_after - log_before) > 0.01;
}

bool Corrections::restore(const Cells& cells, std::int64_t learned) {
  if (learned < 0 || learned > kMostRuns) return false;
  for (const auto& row : cells)
    if (!std::all_of(row.begin(), row.end(), [&](const Cell& cell) { return can_be(cell, learned); }))
      return false;
  cells_ = cells;
  learned_ = learned;
  return true;
}

void Corrections::unsettle(double error) {
  for (auto& row : cells_)
    for (Cell& cell : row)
      if (cell.variance >= 0)
        cell.variance = static_cast<float>(std::min(cell.variance + error * error, kUnseenVariance));
}

}  // namespace pliant
